import { startBed } from "../measure/bench-bed.ts";
import { type Contender, compareInTurns } from "../measure/fixed-rate.ts";
import type { Question } from "../question.ts";
import { comparisonTable } from "../report/comparison.ts";

const PAYMENTS_PER_SECOND = 300;
/** Streams are spread over the relays, so there have to be more of them than relays. */
const TILLS = 24;

/** What a payment costs when the same load is spread over more relays and processors. */
export const measureInstances: Question = async ({ isQuick, perSecond, say }) => {
  const counts = isQuick ? [1, 2] : [1, 2, 3];
  const rate = {
    paymentsPerSecond: perSecond ?? PAYMENTS_PER_SECOND,
    warmUpMs: 500,
    runMs: isQuick ? 1_000 : 4_000,
    rounds: isQuick ? 2 : 5,
  };
  await using stack = new AsyncDisposableStack();
  const contenders: Contender[] = [];
  for (const count of counts) {
    const name = `${count} and ${count}`;
    say(`starting a mesh with relays and processors: ${name}`);
    const bed = stack.use(
      await startBed({
        relayCount: count,
        processorCount: count,
        tillCount: TILLS,
        environment: {},
      }),
    );
    const load = stack.use(await bed.startLoad({ tillCount: TILLS, streamsPerTill: 1 }));
    contenders.push({ name, bed, load });
  }
  const compared = await compareInTurns(contenders, rate, say);
  const title = `relays and processors, ${rate.paymentsPerSecond}/s`;
  return { table: comparisonTable(title, compared), facts: { rate, compared } };
};
