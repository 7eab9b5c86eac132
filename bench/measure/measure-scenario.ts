import { TRUST_DOMAIN } from "../../dev-mesh/program-plans.ts";
import type { Recipients } from "../../sealing/reader-payment.ts";
import { LoadGenerator } from "../load/load-generator.ts";
import type { BenchMesh } from "../mesh/bench-mesh.ts";
import { checkpoint } from "../mesh/recycled-wal.ts";
import { startNaiveMesh } from "../naive/naive-mesh.ts";
import type { Tpcb } from "../yardstick/tpcb-driver.ts";
import { TpcbRounds } from "../yardstick/tpcb-rounds.ts";
import type { ScenarioResult } from "./bench-result.ts";
import { type Effort, loadPlanOf } from "./effort.ts";
import { findHighestLoad } from "./highest-load.ts";
import { type MeasuredRun, type MeasuredSystem, measureRun } from "./measured-run.ts";
import { lineOf, medianRun } from "./median-run.ts";
import { type Scenario, streamsPerTill } from "./scenario.ts";

interface ScenarioOptions {
  readonly scenario: Scenario;
  readonly effort: Effort;
  readonly benchMesh: BenchMesh;
  readonly keys: Recipients;
  readonly tpcb: Tpcb;
  /** The mesh has had load before. */
  readonly hadLoad: boolean;
  /** One line for a person. */
  readonly say: (line: string) => void;
}

const UNLOADED_PER_SECOND = 20;

/** Finds the highest load of one mix, TPC-B interleaved, and what a payment costs there. */
export async function measureScenario(options: ScenarioOptions): Promise<ScenarioResult> {
  const { scenario, effort, benchMesh, say } = options;
  const { design = "mesh" } = scenario;
  await using naive =
    design === "mesh" ? null : await startNaiveMesh({ benchMesh, isEcho: design === "echo" });
  await using load = await LoadGenerator.start({
    protocol: naive === null ? "stream" : "unary",
    relayAddresses: naive === null ? benchMesh.relayAddresses : [naive.relayAddress],
    tlsDirectory: benchMesh.directory.tls,
    trustDomain: TRUST_DOMAIN,
    tills: benchMesh.takeTills(scenario.tillCount),
    streamsPerTill: streamsPerTill(scenario.tillCount),
    keys: options.keys,
  });
  const { postgres } = benchMesh.mesh;
  const database = postgres.connectionOptions("postgres");
  const system: MeasuredSystem = {
    pids: new Map([...(naive ?? benchMesh).pids, ["load generator", [load.pid]]]),
    postgresPid: postgres.pid,
    database,
  };
  await checkpoint(database);
  let seed = 0;
  const run = async (paymentsPerSecond: number, heatMs?: number) => {
    seed += 1;
    const planned = loadPlanOf(scenario, effort, { paymentsPerSecond, seed });
    const plan = heatMs === undefined ? planned : { ...planned, durationMs: heatMs };
    const measured = await measureRun(load, plan, system);
    say(`  ${lineOf(measured)}`);
    return measured;
  };
  // Programs that have just been started still compile what a program of a minute runs. And each
  // line begins with connections, tills or kinds of payment that are new to a warm mesh.
  const isWarm = options.hadLoad && naive === null;
  await run(effort.startPerSecond, isWarm ? effort.reheatMs : effort.heatMs);
  const unloaded = await run(UNLOADED_PER_SECOND);
  const tpcb = new TpcbRounds(options.tpcb, effort.tpcbMs);
  const found = await findHighestLoad<MeasuredRun>({
    run,
    beforeEach: () => tpcb.round(),
    startPerSecond: effort.startPerSecond,
    tries: effort.tries,
    rounds: effort.rounds,
    halvings: effort.halvings,
    stepsDown: effort.stepsDown,
  });
  return {
    name: scenario.name,
    design,
    paymentsPerSecond: found.paymentsPerSecond,
    tpcbPerSecond: tpcb.perSecond,
    tpcbClients: tpcb.clients,
    ratio: found.paymentsPerSecond / tpcb.perSecond,
    ...medianRun(found.rounds),
    unloadedMs: unloaded.latencyMs.p50,
    tried: [unloaded, ...found.tried],
  };
}
