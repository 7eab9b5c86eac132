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
}

const PLAIN = { tillCount: 1, pinShare: 0, repeatShare: 0 };

/** What the goals are about. */
export const FIRST_MIX: Scenario = { ...PLAIN, name: "no PIN, 1 merchant" };

export const MIXES: readonly Scenario[] = [
  FIRST_MIX,
  { ...PLAIN, name: "no PIN, 1,000 merchants", tillCount: 1_000 },
  { ...PLAIN, name: "with PIN, 1 merchant", pinShare: 1, startPerSecond: 500 },
  { ...PLAIN, name: "half with PIN, 1 merchant", pinShare: 0.5, startPerSecond: 600 },
  { ...PLAIN, name: "10 % repeats, 1 merchant", repeatShare: 0.1, startPerSecond: 900 },
];

/** What simpler designs do with the same payments, in the same run. */
export const BESIDE_IT: readonly Scenario[] = [
  { ...PLAIN, name: "naive design", design: "naive", startPerSecond: 60 },
  { ...PLAIN, name: "grpc-js echo, two hops", design: "echo" },
];

/** A thousand tills keep one stream each; a single one needs several to keep enough on the way. */
const STREAMS_MAX = 16;

export function streamsPerTill(tillCount: number): number {
  return Math.max(1, Math.floor(STREAMS_MAX / tillCount));
}
