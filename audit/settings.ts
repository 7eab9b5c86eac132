import { form, setting } from "../settings/setting.ts";
import { ACT_KINDS, type ActKind } from "./acts.ts";

const kinds = form(`some of ${ACT_KINDS.join(", ")}, or all, separated by commas`, (value) => {
  const words = value.split(",").map((word) => word.trim());
  if (words.length === 1 && words[0] === "all") return ACT_KINDS;
  const found = words.map((word) => ACT_KINDS.find((kind) => kind === word));
  return found.every((kind): kind is ActKind => kind !== undefined) ? found : undefined;
});

/** Of each program that operators change something at. */
export const AUDIT_SETTINGS = {
  fourEyes: setting({
    name: "CARDLANE_FOUR_EYES",
    reads: kinds,
    unset: "one operator is enough",
    says:
      "the kinds of acts that need two operators, who ask for exactly the same within an hour " +
      "([audit.md](audit.md#two-operators)). It needs `CARDLANE_TLS_DIR`: without certificates " +
      "nobody can tell two operators apart.",
  }),
};

/** @returns what is wrong with settings that ask for two operators whom nothing tells apart. */
export function indistinctOperators(config: {
  readonly fourEyes: readonly ActKind[] | undefined;
  readonly tlsDirectory: string | undefined;
}): string | undefined {
  if (config.fourEyes === undefined || config.tlsDirectory !== undefined) return undefined;
  return "CARDLANE_FOUR_EYES needs CARDLANE_TLS_DIR: without certificates all operators look alike";
}
