import { commandOptions, wholeNumber } from "../../bench/command-options.ts";
import { UsageError } from "../../bench/usage-error.ts";
import { BESIEGED, DOORS, type Door } from "../doors.ts";

const CONNECTIONS_MAX = 10_000_000;

/** What the command line of the fuzzer asks for. */
export interface FuzzArguments {
  readonly seed: string;
  readonly doors: readonly Door[];
  /** Numbers of cases, from 1. */
  readonly first: number;
  readonly last: number;
  /** One case is shown and sent; the known killers are left out. */
  readonly isReplay: boolean;
  /** Options that choose the same doors again. */
  readonly sameDoors: string;
}

/** @param newSeed for when none is given. @throws UsageError in words for a person. */
export function readFuzzArguments(args: readonly string[], newSeed: () => string): FuzzArguments {
  const options = commandOptions(args, {
    connections: { type: "string" },
    seed: { type: "string" },
    case: { type: "string" },
    "port-of": { type: "string" },
  });
  const { connections, case: one, "port-of": program, seed } = options;
  if (seed?.trim() === "") throw new UsageError("--seed must not be empty");
  const doors = doorsOf(program);
  const sameDoors = program === undefined ? "" : ` --port-of ${program}`;
  if (one === undefined) {
    const limits = { min: 1, max: CONNECTIONS_MAX };
    const last = wholeNumber("connections", connections ?? "10000", limits);
    return { seed: seed ?? newSeed(), doors, first: 1, last, isReplay: false, sameDoors };
  }
  if (connections !== undefined) throw new UsageError("--connections or --case, not both");
  if (seed === undefined) throw new UsageError("--case needs the --seed that it is of");
  const number = wholeNumber("case", one, { min: 1, max: CONNECTIONS_MAX });
  return { seed, doors, first: number, last: number, isReplay: true, sameDoors };
}

function doorsOf(program: string | undefined): readonly Door[] {
  if (program === undefined) return DOORS;
  const doors = DOORS.filter((door) => door.program === program);
  if (doors.length > 0) return doors;
  throw new UsageError(`--port-of must be one of ${BESIEGED.join(", ")}, not "${program}"`);
}
