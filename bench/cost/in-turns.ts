import { type ContenderRun, type Round, reasonsAgainst, type YardstickRun } from "./round.ts";

/** One of those that are held against TPC-B. */
export interface Contender {
  readonly name: string;
  run(durationMs: number): Promise<ContenderRun>;
}

interface TurnOptions {
  readonly contenders: readonly Contender[];
  /** TPC-B once. */
  readonly yardstick: () => Promise<YardstickRun>;
  readonly runMs: number;
  /** Rounds of each contender, and that many again only as long as some do not count. */
  readonly rounds: number;
  /** Asked when that many are done and some of them do not count. */
  readonly mayRepeat: () => boolean;
  readonly say: (line: string) => void;
}

/**
 * The contenders in turns, the order reversed in every other round, and the yardstick before and
 * after each of them: A drift of the machine favours nobody.
 *
 * @returns the rounds of each, by name
 */
export async function takeTurns(options: TurnOptions): Promise<ReadonlyMap<string, Round[]>> {
  const { contenders, yardstick, runMs, say } = options;
  const found = new Map(contenders.map(({ name }): [string, Round[]] => [name, []]));
  const haveEnough = () =>
    [...found.values()].every((rounds) => rounds.filter(counts).length >= options.rounds);
  let before = await yardstick();
  for (let turn = 0; turn < options.rounds || (!haveEnough() && options.mayRepeat()); turn += 1) {
    const order = turn % 2 === 0 ? contenders : contenders.toReversed();
    for (const { name, run: runOnce } of order) {
      const run = await runOnce(runMs);
      const after = await yardstick();
      const round = { before, run, after };
      found.get(name)?.push(round);
      say(lineOf(name, round));
      before = after;
    }
  }
  return found;
}

/** What carries nothing ends its warming up as well. */
const WARM_UPS_MAX = 10;

/** Load until the programs have compiled what they run: nothing of it counts. */
export async function warmUp(contender: Contender, heatMs: number): Promise<void> {
  let leftMs = heatMs;
  for (let tries = 0; leftMs > 0 && tries < WARM_UPS_MAX; tries += 1) {
    const { loadMs } = await contender.run(leftMs);
    leftMs -= loadMs;
  }
}

function counts(round: Round): boolean {
  return reasonsAgainst(round).length === 0;
}

function lineOf(name: string, round: Round): string {
  const { before, run, after } = round;
  const micros = Object.entries(run.micros).map(([program, one]) => `${program} ${one.toFixed(0)}`);
  const tpcb = [before, after].map((one) => (one.postgresMicros + one.clientMicros).toFixed(0));
  const reasons = reasonsAgainst(round);
  return [
    `  ${name.padEnd(18)} ${run.perSecond.toFixed(0).padStart(6)}/s  µs: ${micros.join(", ")};`,
    `TPC-B ${tpcb.join(" and ")}`,
    ...(reasons.length === 0 ? [] : [`– does not count: ${reasons.join(", ")}`]),
  ].join(" ");
}
