/** How long and how often. */
export interface CostPlan {
  /** Of everything that takes turns, before the first round. */
  readonly heatMs: number;
  readonly runMs: number;
  readonly rounds: number;
  /** From the first round on: after this, rounds that do not count are not made up for. */
  readonly repeatMsMax: number;
}

export const COST_PLANS = {
  /** Shows that it runs: fewer rounds than a figure needs. */
  quick: { heatMs: 1_000, runMs: 1_000, rounds: 2, repeatMsMax: 0 },
  usual: { heatMs: 8_000, runMs: 3_000, rounds: 6, repeatMsMax: 150_000 },
} satisfies Readonly<Record<string, CostPlan>>;
