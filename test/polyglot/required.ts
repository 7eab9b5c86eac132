import { environment } from "../../settings/environment.ts";

/** Set by `npm run test:polyglot` in CI: there, nothing may be left out. */
export const REQUIRED = "CARDLANE_POLYGLOT_REQUIRED";

/** Whether a machine for tests runs this: CI is set, and does not say no. */
export const isCi = !["", "0", "false"].includes(environment.CI ?? "");

/**
 * Whether the tests that need a tool can run.
 *
 * @throws Error when it is missing where nothing may be left out.
 */
export function canUse(tool: string, isThere: boolean): boolean {
  if (!isThere && environment[REQUIRED] === "true") throw new Error(`CI needs ${tool}`);
  return isThere;
}
