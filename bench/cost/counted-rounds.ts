import { type Round, reasonsAgainst } from "./round.ts";

/** With fewer that count there is no figure. */
const ROUNDS_MIN = 4;

/** The rounds of one contender, and what they are worth. */
export interface CountedRounds {
  readonly counted: readonly Round[];
  /** How many there were. */
  readonly all: number;
  /** Reason → how many rounds it took away. */
  readonly reasons: ReadonlyMap<string, number>;
  /** "not measured: …", unless enough of them count. */
  readonly notMeasured: string | undefined;
}

export function countRounds(rounds: readonly Round[]): CountedRounds {
  const counted = rounds.filter((round) => reasonsAgainst(round).length === 0);
  const reasons = new Map<string, number>();
  for (const reason of rounds.flatMap(reasonsAgainst).map(kindOf)) {
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return {
    counted,
    all: rounds.length,
    reasons,
    notMeasured: counted.length < ROUNDS_MIN ? explained(counted, rounds, reasons) : undefined,
  };
}

function explained(
  counted: readonly Round[],
  rounds: readonly Round[],
  reasons: ReadonlyMap<string, number>,
): string {
  const why = [...reasons].map(([reason, count]) => `; ${count} lost by ${reason}`).join("");
  const count = `${counted.length} of ${rounds.length} rounds count, ${ROUNDS_MIN} must`;
  return `not measured: ${count}${why}`;
}

/** "foreign CPU 17 %" and "foreign CPU 30 %" are one reason. */
function kindOf(reason: string): string {
  return reason.split(/:| \d/, 1).join();
}

/** The middle of some rounds' figures, and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Of an even number the median is the mean of the two in the middle. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((left, right) => left - right);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const half = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(half)) + at(Math.ceil(half))) / 2,
    lowest: at(0),
    highest: at(sorted.length - 1),
  };
}
