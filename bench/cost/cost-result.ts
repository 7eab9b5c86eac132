import type { Round } from "./round.ts";

/** What was found in the rounds of a mesh, of TPC-B and of jPOS. */
export interface CostResult {
  /** Which program ran TPC-B. */
  readonly tpcb: string;
  /** A closed loop. */
  readonly full: readonly Round[];
  /** Its rounds, or why there are none. */
  readonly peer: readonly Round[] | string;
  readonly third: Part;
  readonly half: Part;
}

/** Rounds of an open loop. */
interface Part {
  readonly paymentsPerSecond: number;
  readonly rounds: readonly Round[];
}
