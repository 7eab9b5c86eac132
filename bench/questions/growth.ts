import { payOnceEach } from "../load/pay-once-each.ts";
import { startBed } from "../measure/bench-bed.ts";
import { type Contender, compareInTurns } from "../measure/fixed-rate.ts";
import { fillDatabases } from "../mesh/fill-databases.ts";
import type { Question } from "../question.ts";
import { comparisonTable } from "../report/comparison.ts";

const PAYMENTS_PER_SECOND = 300;
/** Readers and terminals: each of them has its own place in the indexes. */
const TILLS = 100;

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
      await startBed({ relayCount: 1, processorCount: 1, tillCount: TILLS, environment: {} }),
    );
    const load = stack.use(await bed.startLoad({ tillCount: TILLS, streamsPerTill: 1 }));
    // One of these payments is what the others are copies of.
    await payOnceEach(load, TILLS);
    await fillDatabases(bed.benchMesh.mesh.postgres, records);
    contenders.push({ name, bed, load });
  }
  const compared = await compareInTurns(contenders, rate, say);
  const title = `records before, ${rate.paymentsPerSecond}/s`;
  return { table: comparisonTable(title, compared), facts: { rate, sizes, compared } };
};
