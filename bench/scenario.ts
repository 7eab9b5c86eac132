import type { LoadPlan } from "./load/load-messages.ts";

/** One mix of payments on one set of tills. */
export interface Scenario {
  readonly name: string;
  /** The mesh; or what is measured beside it: bench/naive/. */
  readonly design?: "mesh" | "naive" | "echo";
  readonly tillCount: number;
  readonly pinShare: number;
  readonly repeatShare: number;
  /** Where the search begins, when that is known to be far from the others. */
  readonly startPerSecond?: number;
  /** What is switched off, for all programs of the mesh. */
  readonly environment?: Readonly<Record<string, string>>;
}

const PLAIN = { tillCount: 1, pinShare: 0, repeatShare: 0 };

/** The first one is what the goals are about. */
export const MIXES: readonly Scenario[] = [
  { ...PLAIN, name: "no PIN, 1 merchant" },
  { ...PLAIN, name: "no PIN, 1,000 merchants", tillCount: 1_000 },
  { ...PLAIN, name: "with PIN, 1 merchant", pinShare: 1 },
  { ...PLAIN, name: "half with PIN, 1 merchant", pinShare: 0.5 },
  { ...PLAIN, name: "10 % repeats, 1 merchant", repeatShare: 0.1 },
];

/** The first mix with one technique of the hot path switched off. */
export const SWITCHED_OFF: readonly Scenario[] = [
  {
    ...PLAIN,
    name: "without group commit",
    environment: { CARDLANE_GROUP_MAX: "1" },
  },
  {
    ...PLAIN,
    name: "without a pace",
    environment: { CARDLANE_GROUP_PACE_MS: "0" },
  },
  { ...PLAIN, name: "without libsodium", environment: { CARDLANE_SODIUM: "off" } },
  {
    ...PLAIN,
    name: "every trace kept",
    environment: { OTEL_TRACES_SAMPLER: "always_on" },
  },
];

/** What simpler designs do with the same payments, in the same run. */
export const BESIDE_IT: readonly Scenario[] = [
  { ...PLAIN, name: "naive design", design: "naive", startPerSecond: 60 },
  { ...PLAIN, name: "grpc-js echo, two hops", design: "echo" },
];

/** How thorough a measurement is. */
export interface Effort {
  readonly warmUpMs: number;
  readonly runMs: number;
  /** A run before the first search of programs that were just started. */
  readonly heatMs: number;
  readonly tpcbMs: number;
  /** Runs that decide in the search. */
  readonly tries: number;
  /** Runs that confirm a load. */
  readonly rounds: number;
  readonly halvings: number;
  /** How often a load that was not confirmed is followed by a lower one. */
  readonly stepsDown: number;
  /** Near what is expected, or the search takes longer. */
  readonly startPerSecond: number;
  readonly scenarios: readonly Scenario[];
}

export const FULL: Effort = {
  warmUpMs: 1_000,
  runMs: 4_000,
  heatMs: 15_000,
  tpcbMs: 4_000,
  tries: 3,
  rounds: 3,
  halvings: 2,
  stepsDown: 6,
  startPerSecond: 1_000,
  scenarios: [...MIXES, ...BESIDE_IT, ...SWITCHED_OFF],
};

/** Under a minute: the first mix and the naive design, and less sure of them. */
export const QUICK: Effort = {
  warmUpMs: 400,
  runMs: 1_200,
  heatMs: 2_000,
  tpcbMs: 1_000,
  tries: 1,
  rounds: 3,
  halvings: 0,
  stepsDown: 2,
  startPerSecond: 1_000,
  scenarios: [...MIXES.slice(0, 1), ...BESIDE_IT.slice(0, 1)],
};

export function planOf(
  { pinShare, repeatShare }: Scenario,
  { warmUpMs, runMs: durationMs }: Effort,
  run: { readonly paymentsPerSecond: number; readonly seed: number },
): LoadPlan {
  return { ...run, pinShare, repeatShare, warmUpMs, durationMs };
}

/** A thousand tills keep one stream each; a single one needs several to keep enough on the way. */
const STREAMS_MAX = 16;

export function streamsPerTill(tillCount: number): number {
  return Math.max(1, Math.floor(STREAMS_MAX / tillCount));
}
