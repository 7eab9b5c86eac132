import { startBed } from "./bench-bed.ts";
import { fillDatabases } from "./fill-databases.ts";
import { type Contender, compareInTurns } from "./fixed-rate.ts";
import type { Question } from "./question.ts";
import { comparisonTable } from "./report/comparison.ts";
import { streamsPerTill } from "./scenario.ts";

const PAYMENTS_PER_SECOND = 300;
/** Real ones, which the others are copies of. */
const FIRST_PAYMENTS = { perSecond: 100, durationMs: 1_000 };

/** What a payment costs with more and more records in both databases. */
export const measureGrowth: Question = async ({ isQuick, perSecond, say }) => {
  const sizes = isQuick ? [1_000, 10_000] : [10_000, 100_000, 1_000_000];
  const rate = {
    paymentsPerSecond: perSecond ?? PAYMENTS_PER_SECOND,
    warmUpMs: 500,
    runMs: isQuick ? 1_000 : 4_000,
    rounds: isQuick ? 2 : 5,
  };
  await using stack = new AsyncDisposableStack();
  const contenders: Contender[] = [];
  for (const records of sizes) {
    const name = records.toLocaleString("en");
    say(`starting a mesh and filling its databases: ${name} records`);
    const bed = stack.use(
      await startBed({ relayCount: 1, processorCount: 1, tillCount: 1, environment: {} }),
    );
    const tills = { tillCount: 1, streamsPerTill: streamsPerTill(1) };
    const load = stack.use(await bed.startLoad(tills));
    await load.run(
      {
        paymentsPerSecond: FIRST_PAYMENTS.perSecond,
        durationMs: FIRST_PAYMENTS.durationMs,
        warmUpMs: 0,
        pinShare: 0,
        repeatShare: 0,
        seed: 0,
      },
      async () => undefined,
    );
    await fillDatabases(bed.benchMesh.mesh.postgres, records);
    contenders.push({ name, bed, load });
  }
  const compared = await compareInTurns(contenders, rate, say);
  const title = `records before, ${rate.paymentsPerSecond}/s`;
  return { table: comparisonTable(title, compared), facts: { rate, sizes, compared } };
};
