import type { LoadPlan } from "./load/load-messages.ts";
import { BESIDE_IT, MIXES, type Scenario } from "./scenario.ts";
import { SWITCHED_OFF, type Technique } from "./techniques.ts";

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
  readonly techniques: readonly Technique[];
}

const ALL: readonly Scenario[] = [...MIXES, ...BESIDE_IT];

export const EFFORTS = {
  /** Under a minute: the first mix and the naive design, and less sure of them. */
  quick: {
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
    techniques: [],
  },
  /** All lines in a few minutes. */
  usual: {
    warmUpMs: 500,
    runMs: 2_000,
    heatMs: 6_000,
    tpcbMs: 1_500,
    tries: 1,
    rounds: 3,
    halvings: 1,
    stepsDown: 6,
    startPerSecond: 1_000,
    scenarios: ALL,
    techniques: SWITCHED_OFF,
  },
  /** All lines, each with longer runs and more of them. */
  thorough: {
    warmUpMs: 1_000,
    runMs: 4_000,
    heatMs: 15_000,
    tpcbMs: 4_000,
    tries: 3,
    rounds: 3,
    halvings: 2,
    stepsDown: 6,
    startPerSecond: 1_000,
    scenarios: ALL,
    techniques: SWITCHED_OFF,
  },
} as const satisfies Readonly<Record<string, Effort>>;

export type EffortName = keyof typeof EFFORTS;

export function planOf(
  { pinShare, repeatShare }: Scenario,
  { warmUpMs, runMs: durationMs }: Effort,
  run: { readonly paymentsPerSecond: number; readonly seed: number },
): LoadPlan {
  return { ...run, pinShare, repeatShare, warmUpMs, durationMs };
}
