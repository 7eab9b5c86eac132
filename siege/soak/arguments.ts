import { commandOptions, wholeNumber } from "../../bench/command-options.ts";
import { UsageError } from "../../bench/usage-error.ts";

const MINUTES = { min: 2, max: 7 * 24 * 60 } as const;

interface SoakArguments {
  readonly durationMs: number;
  readonly seed: string;
}

/** @param newSeed for when none is given. @throws UsageError in words for a person. */
export function readSoakArguments(args: readonly string[], newSeed: () => string): SoakArguments {
  const { minutes, seed } = commandOptions(args, {
    minutes: { type: "string", default: "60" },
    seed: { type: "string" },
  });
  if (seed?.trim() === "") throw new UsageError("--seed must not be empty");
  const durationMs = wholeNumber("minutes", minutes, MINUTES) * 60_000;
  return { durationMs, seed: seed ?? newSeed() };
}
