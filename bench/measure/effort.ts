import type { LoadPlan } from "../load/load-messages.ts";
import { BESIDE_IT, MIXES, type Scenario } from "./scenario.ts";

/** How thorough a measurement is. */
export interface Effort {
  /** The beginning of each run, which is not counted. */
  readonly warmUpMs: number;
  readonly runMs: number;
  /** Load before anything is measured in programs that were just started. */
  readonly heatMs: number;
  /** The same before each line of a mesh that has had load. */
  readonly reheatMs: number;
  readonly tpcbMs: number;
  /** Runs that decide in the search. */
  readonly tries: number;
  /** Runs that confirm a load, 3 or more. */
  readonly rounds: number;
  readonly halvings: number;
  /** How often a load that was not confirmed is followed by a lower one. */
  readonly stepsDown: number;
  /** Near what is expected, or the search takes longer. */
  readonly startPerSecond: number;
  /** Rounds in which techniques are compared. */
  readonly turns: number;
  /** A line of the table each. */
  readonly scenarios: readonly Scenario[];
}

export const SCENARIOS: readonly Scenario[] = [...MIXES, ...BESIDE_IT];

export const EFFORTS = {
  /** Under a minute: the first mix and the naive design, and less sure of them. */
  quick: {
    warmUpMs: 400,
    runMs: 1_000,
    heatMs: 1_500,
    reheatMs: 500,
    tpcbMs: 1_000,
    tries: 1,
    rounds: 3,
    halvings: 0,
    stepsDown: 2,
    startPerSecond: 1_000,
    turns: 3,
    scenarios: [...MIXES.slice(0, 1), ...BESIDE_IT.slice(0, 1)],
  },
  /** All lines in a few minutes. */
  usual: {
    warmUpMs: 500,
    runMs: 2_000,
    heatMs: 6_000,
    reheatMs: 2_000,
    tpcbMs: 2_000,
    tries: 1,
    rounds: 3,
    halvings: 1,
    stepsDown: 6,
    startPerSecond: 1_000,
    turns: 5,
    scenarios: SCENARIOS,
  },
  /** All lines, each with longer runs and more of them. */
  thorough: {
    warmUpMs: 1_000,
    runMs: 4_000,
    heatMs: 15_000,
    reheatMs: 5_000,
    tpcbMs: 4_000,
    tries: 3,
    rounds: 3,
    halvings: 2,
    stepsDown: 6,
    startPerSecond: 1_000,
    turns: 5,
    scenarios: SCENARIOS,
  },
} satisfies Readonly<Record<string, Effort>>;

export type EffortName = keyof typeof EFFORTS;

export function loadPlanOf(
  { pinShare, repeatShare }: Scenario,
  { warmUpMs, runMs: durationMs }: Effort,
  run: { readonly paymentsPerSecond: number; readonly seed: number },
): LoadPlan {
  return { ...run, pinShare, repeatShare, warmUpMs, durationMs };
}
