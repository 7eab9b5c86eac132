import { parseArgs } from "node:util";
import { FAULTS } from "./faults/faults.ts";

/** What a run was asked for. */
export interface ChaosOrder {
  readonly durationMs: number;
  /** Undefined: any. */
  readonly seed: string | undefined;
  /** Undefined: as the seed says. */
  readonly isTls: boolean | undefined;
  /** The only kinds of faults that strike; undefined: all. */
  readonly faults: readonly string[] | undefined;
  readonly isJson: boolean;
  readonly isDataKept: boolean;
}

/** Something on the command line that means nothing; its message is one line for a person. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const USAGE =
  "npm run chaos -- [--minutes 5] [--seed TEXT] [--tls | --no-tls] [--faults KIND,…] [--json] " +
  "[--keep-data]";

const MINUTES_MAX = 24 * 60;

/** @throws UsageError naming what was expected and what came. */
export function parseCommandLine(args: readonly string[]): ChaosOrder {
  const values = valuesOf(args);
  const { minutes, seed, tls: isTls, json: isJson, "keep-data": isDataKept } = values;
  if (!/^\d{1,4}(\.\d{1,3})?$/.test(minutes)) throw minutesError(minutes);
  const count = Number(minutes);
  if (count <= 0 || count > MINUTES_MAX) throw minutesError(minutes);
  if (seed === "") throw new UsageError("--seed must not be empty");
  const faults = values.faults === undefined ? undefined : parseFaults(values.faults);
  return { durationMs: count * 60_000, seed, isTls, faults, isJson, isDataKept };
}

function parseFaults(given: string): readonly string[] {
  const known = FAULTS.map(({ kind }) => kind);
  const wanted = given.split(",").map((kind) => kind.trim());
  const unknown = wanted.find((kind) => !known.includes(kind));
  if (unknown === undefined) return wanted;
  throw new UsageError(`--faults knows ${known.join(", ")}, got "${unknown}"`);
}

function minutesError(given: string): UsageError {
  return new UsageError(`--minutes must be above 0, at most ${MINUTES_MAX}, got "${given}"`);
}

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowNegative: true,
      options: {
        minutes: { type: "string", default: "5" },
        seed: { type: "string" },
        tls: { type: "boolean" },
        faults: { type: "string" },
        json: { type: "boolean", default: false },
        "keep-data": { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new UsageError(`${firstLine(error.message)}; ${USAGE}`);
  }
}

function firstLine(text: string): string {
  return text.split(/[\n.]/, 1)[0] ?? text;
}
