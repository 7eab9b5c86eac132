/** One safeguard taken out of the code. */
export interface Mutation {
  readonly name: string;
  /** What it takes out, for people: "without …". */
  readonly takesOut: string;
  readonly path: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Who must see that it is missing. */
  readonly witness: Witness;
}

/** The simulation, by some seed; or a test file, which needs no luck. */
export type Witness = "simulation" | `${string}.test.ts`;
