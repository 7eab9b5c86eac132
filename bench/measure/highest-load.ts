import { medianOf } from "../load/quantiles.ts";

/** p99 stays below this at the highest load. */
const P99_MS_MAX = 100;

interface HighestLoadOptions<Run extends LoadRun> {
  /** Offers so many payments per second once. */
  readonly run: (paymentsPerSecond: number) => Promise<Run>;
  /** What is interleaved with the runs that count: before each of them. */
  readonly beforeEach: () => Promise<void>;
  readonly startPerSecond: number;
  /** Runs of which the median decides in the search, so that not one moment of the machine does. */
  readonly tries: number;
  /** Runs of the load that is found, whose median counts: 3 or more. */
  readonly rounds: number;
  /** How often the range is halved after the first failure. */
  readonly halvings: number;
  /** How often a load that was not confirmed is followed by a lower one. */
  readonly stepsDown: number;
}

export interface LoadRun {
  readonly offeredPerSecond: number;
  readonly latencyMs: { readonly p99: number };
}

interface HighestLoad<Run> {
  /** 0 when none was confirmed. */
  readonly paymentsPerSecond: number;
  /** The rounds at that load; when none was confirmed, those of the last try, perhaps not all. */
  readonly rounds: readonly Run[];
  /** Every run, in order. */
  readonly tried: readonly Run[];
}

const GROWTH = 1.5;
/** When the rounds do not confirm a load, this part of it is tried next. */
const STEP_DOWN = 0.85;
/** Nothing that is measured here does more in a second, or is worth finding when it does less. */
const PER_SECOND_MAX = 100_000;
const PER_SECOND_MIN = 20;

/**
 * Finds the highest offered load whose median p99 stays in the limit: grows until a load fails,
 * halves the range, then lets rounds confirm what it found, or steps down. In the search a load
 * fails by the median of its tries, and passes by one.
 */
export async function findHighestLoad<Run extends LoadRun>(
  options: HighestLoadOptions<Run>,
): Promise<HighestLoad<Run>> {
  const tried: Run[] = [];
  const tryOnce = async (perSecond: number) => {
    const run = await options.run(Math.round(perSecond));
    tried.push(run);
    return run;
  };
  const { tries } = options;
  const passes = async (perSecond: number) => {
    const runs = [await tryOnce(perSecond)];
    if (isFast(runs)) return true;
    while (runs.length < tries && !isOutvoted(runs, tries)) runs.push(await tryOnce(perSecond));
    return isFast(runs);
  };
  let candidate = await bracket(options, passes);
  for (let step = 0; ; step += 1) {
    const rounds: Run[] = [];
    while (rounds.length < options.rounds && !isOutvoted(rounds, options.rounds)) {
      await options.beforeEach();
      rounds.push(await tryOnce(candidate));
    }
    if (isFast(rounds)) return { paymentsPerSecond: Math.round(candidate), rounds, tried };
    if (step === options.stepsDown) return { paymentsPerSecond: 0, rounds, tried };
    candidate *= STEP_DOWN;
  }
}

/** The last load that passed. */
async function bracket(
  { startPerSecond, halvings }: Pick<HighestLoadOptions<LoadRun>, "startPerSecond" | "halvings">,
  passes: (perSecond: number) => Promise<boolean>,
): Promise<number> {
  let low = startPerSecond;
  while (!(await passes(low))) {
    low /= GROWTH;
    if (low < PER_SECOND_MIN) return low;
  }
  let high = low * GROWTH;
  while (high < PER_SECOND_MAX && (await passes(high))) {
    low = high;
    high *= GROWTH;
  }
  for (let halving = 0; halving < halvings; halving += 1) {
    const middle = Math.sqrt(low * high);
    if (await passes(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Whether so many are too slow already that the median of all `count` will be. */
function isOutvoted(runs: readonly LoadRun[], count: number): boolean {
  return 2 * runs.filter((run) => !isFast([run])).length > count;
}

function isFast(runs: readonly LoadRun[]): boolean {
  return medianOf(runs.map(({ latencyMs }) => latencyMs.p99)) < P99_MS_MAX;
}
