import { startCostBed } from "../cost/cost-bed.ts";
import { COST_PLANS } from "../cost/cost-plan.ts";
import { closedLoop } from "../cost/mesh-contender.ts";
import type { Question } from "../question.ts";
import { costLines, microsTable, ratio } from "../report/cost-lines.ts";

/** What a payment with a PIN costs against a transaction of TPC-B, in turns with one without. */
export const measurePin: Question = async ({ isQuick, say }) => {
  const plan = isQuick ? COST_PLANS.quick : COST_PLANS.usual;
  await using cost = await startCostBed(say);
  const mesh = { bed: cost.bed, load: cost.load };
  const contenders = [
    closedLoop({ ...mesh, name: "without PIN", pinShare: 0 }),
    closedLoop({ ...mesh, name: "with PIN", pinShare: 1 }),
  ];
  const found = await cost.inTurns(contenders, plan);
  const all = [...found].map(([name, rounds]) => ({ name, rounds }));
  const lines = all.flatMap(({ name, rounds }) => [
    { name: `cost ratio, ${name}`, rounds, figure: ratio("costRatio") },
    { name: `throughput ratio, ${name}`, rounds, figure: ratio("throughputRatio") },
  ]);
  const table = [`TPC-B by ${cost.tpcb.driver}`, costLines(lines), microsTable(all)].join("\n\n");
  return { table, facts: { tpcb: cost.tpcb.driver, rounds: all } };
};
