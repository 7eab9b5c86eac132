import { type CostBed, startCostBed } from "../cost/cost-bed.ts";
import { COST_PLANS, type CostPlan } from "../cost/cost-plan.ts";
import type { CostResult } from "../cost/cost-result.ts";
import { countRounds, spreadOf } from "../cost/counted-rounds.ts";
import type { Contender } from "../cost/in-turns.ts";
import { closedLoop, openLoop } from "../cost/mesh-contender.ts";
import { EFFORTS } from "../measure/effort.ts";
import { measureScenario } from "../measure/measure-scenario.ts";
import { FIRST_MIX } from "../measure/scenario.ts";
import type { Question } from "../question.ts";
import { costReport } from "../report/cost-report.ts";
import { ratesTable } from "../report/table.ts";

const CLOSED = "closed loop";
const PEER = "jPOS";

/** What a payment costs against a transaction of TPC-B; beside it a usual switch, and latency. */
export const measureCost: Question = async ({ isQuick, say }) => {
  const { effort, plan } = isQuick
    ? { effort: EFFORTS.quick, plan: COST_PLANS.quick }
    : { effort: EFFORTS.usual, plan: COST_PLANS.usual };
  await using cost = await startCostBed(say);
  const found = await measureRounds(cost, plan, say);
  const highest = await measureScenario({
    scenario: FIRST_MIX,
    effort,
    benchMesh: cost.bed.benchMesh,
    keys: cost.bed.keys,
    tpcb: cost.tpcb,
    hadLoad: true,
    say,
  });
  const table = [costReport(found), ratesTable([highest])].join("\n\n");
  return { table, facts: { ...found, highestLoad: highest } };
};

async function measureRounds(
  cost: CostBed,
  plan: CostPlan,
  say: (line: string) => void,
): Promise<CostResult> {
  const mesh = { bed: cost.bed, load: cost.load, pinShare: 0 };
  const closed = closedLoop({ ...mesh, name: CLOSED });
  const { full, peer } = await measureFull(cost, closed, plan, say);
  const { counted } = countRounds(full);
  const rates = (counted.length > 0 ? counted : full).map(({ run }) => run.perSecond);
  const most = spreadOf(rates).median;
  const at = (share: number) => Math.max(1, Math.round(most * share));
  const third = openLoop({ ...mesh, name: "at a third" }, at(1 / 3));
  const half = openLoop({ ...mesh, name: "at half" }, at(1 / 2));
  const parts = await cost.inTurns([third, half], plan);
  const part = ({ name }: typeof third, share: number) => {
    return { paymentsPerSecond: at(share), rounds: parts.get(name) ?? [] };
  };
  return { tpcb: cost.tpcb.driver, full, peer, third: part(third, 1 / 3), half: part(half, 1 / 2) };
}

/** jPOS ends with this: its idle threads are nothing that later rounds should carry. */
async function measureFull(
  cost: CostBed,
  closed: Contender,
  plan: CostPlan,
  say: (line: string) => void,
): Promise<Pick<CostResult, "full" | "peer">> {
  const started = await cost.startPeer(PEER);
  if (typeof started === "string") {
    say(`${PEER}: left out: ${started}`);
    const rounds = await cost.inTurns([closed], plan);
    return { full: rounds.get(CLOSED) ?? [], peer: started };
  }
  await using peer = started;
  const rounds = await cost.inTurns([closed, peer], plan);
  return { full: rounds.get(CLOSED) ?? [], peer: rounds.get(PEER) ?? [] };
}
