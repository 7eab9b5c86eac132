import type { SettingName } from "./names.ts";

/** Environment variables by name; a name that no setting has cannot be read. */
export type Environment = { readonly [Name in SettingName]?: string | undefined };

/** This process's own. Nothing else in this repository touches `process.env`. */
export const environment: Environment = process.env;

/** Whether NODE_ENV says so: development keys, plaintext and faults on demand are refused then. */
export function isProduction(): boolean {
  return environment.NODE_ENV === "production";
}
