import { aligned, ms } from "../columns.ts";
import { type CountedRounds, countRounds, type Spread, spreadOf } from "../cost/counted-rounds.ts";
import { figuresOf, type Round, type RoundFigures } from "../cost/round.ts";

/** One line for a person: a figure with its spread, or why there is none. */
interface CostLine {
  readonly name: string;
  readonly rounds: readonly Round[];
  readonly figure: (round: Round) => number;
  /** Digits behind the point. */
  readonly digits?: number;
}

/** A figure of each round: `ratio("costRatio")`. */
export function ratio(name: keyof RoundFigures): (round: Round) => number {
  return (round) => figuresOf(round)[name];
}

/** Medians with the lowest and the highest, and how many rounds count. */
export function costLines(lines: readonly CostLine[]): string {
  const head = ["", "median", "lowest", "highest", "rounds"];
  const measured: string[][] = [];
  const missing: string[] = [];
  for (const { name, rounds, figure, digits = 2 } of lines) {
    const counted = countRounds(rounds);
    if (counted.notMeasured !== undefined) missing.push(`${name}: ${counted.notMeasured}`);
    else measured.push([name, ...spread(counted, figure, digits), roundsOf(counted)]);
  }
  const table = measured.length === 0 ? [] : [aligned([head, ...measured])];
  return [...table, ...missing].join("\n");
}

/** What each program takes of a payment. */
export function microsTable(
  contenders: readonly { readonly name: string; readonly rounds: readonly Round[] }[],
): string {
  const all = contenders.flatMap(({ name, rounds }) => {
    const { counted, notMeasured } = countRounds(rounds);
    if (notMeasured !== undefined) return [];
    const programs = Object.keys(counted[0]?.run.micros ?? {});
    return [
      [`TPC-B beside ${name}: all`, counted.map(ratio("transactionMicros"))] as const,
      ["  pgbench alone", counted.map(({ before, after }) => mean(before, after))] as const,
      [`${name}: all`, counted.map(ratio("paymentMicros"))] as const,
      ...programs.map(
        (program) =>
          [`  ${program}`, counted.map(({ run }) => run.micros[program] ?? Number.NaN)] as const,
      ),
      ["  what sends them, apart", counted.map(({ run }) => run.loadMicros)] as const,
    ];
  });
  const rows = all.map(([name, values]) => [name, ...cells(spreadOf(values), 0)]);
  if (rows.length === 0) return "CPU of each program: not measured";
  return aligned([["CPU µs", "median", "lowest", "highest"], ...rows]);
}

/** Medians of the rounds that count. */
export function latencyLine(name: string, rounds: readonly Round[]): string {
  const counted = countRounds(rounds);
  if (counted.notMeasured !== undefined) return `${name}: ${counted.notMeasured}`;
  const of = (figure: (round: Round) => number) => {
    const { median, lowest, highest } = spreadOf(counted.counted.map(figure));
    return `${ms(median)} ms [${ms(lowest)} to ${ms(highest)}]`;
  };
  const p50 = of(({ run }) => run.p50);
  const p99 = of(({ run }) => run.p99);
  return `${name}: p50 ${p50}, p99 ${p99}, ${roundsOf(counted)} rounds`;
}

function spread(
  { counted }: CountedRounds,
  figure: (round: Round) => number,
  digits: number,
): string[] {
  return cells(spreadOf(counted.map(figure)), digits);
}

function cells({ median, lowest, highest }: Spread, digits: number): string[] {
  return [median, lowest, highest].map((value) => value.toFixed(digits));
}

/** "6 of 8": the others did not count. */
function roundsOf({ counted, all }: CountedRounds): string {
  return `${counted.length} of ${all}`;
}

function mean(before: Round["before"], after: Round["after"]): number {
  return (before.clientMicros + after.clientMicros) / 2;
}
