import { commandOptions, wholeNumber } from "../../bench/command-options.ts";
import { UsageError } from "../../bench/usage-error.ts";
import { ATTACKS, type Attack } from "./attacks.ts";

/** What the command line of the abuse asks for. */
interface AbuseArguments {
  readonly attacks: readonly Attack[];
  /** Above 0, up to 1. */
  readonly scale: number;
  readonly rounds: number;
  readonly isJson: boolean;
}

/** @throws UsageError in words for a person. */
export function readAbuseArguments(args: readonly string[]): AbuseArguments {
  const options = commandOptions(args, {
    only: { type: "string", multiple: true },
    percent: { type: "string", default: "100" },
    rounds: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
  });
  const { only, percent, rounds, json } = options;
  return {
    attacks: only === undefined ? ATTACKS : attacksOf(only),
    scale: wholeNumber("percent", percent, { min: 1, max: 100 }) / 100,
    rounds: wholeNumber("rounds", rounds, { min: 1, max: 20 }),
    isJson: json,
  };
}

function attacksOf(names: readonly string[]): readonly Attack[] {
  const unknown = names.find((name) => !ATTACKS.some((attack) => attack.name === name));
  if (unknown !== undefined) {
    const known = ATTACKS.map(({ name }) => name).join(", ");
    throw new UsageError(`there is no attack "${unknown}" for --only, only ${known}`);
  }
  return ATTACKS.filter(({ name }) => names.includes(name));
}
