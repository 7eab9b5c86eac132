import { TRUST_DOMAIN } from "../cli/start/program-plans.ts";
import type { BenchMesh } from "./bench-mesh.ts";
import type { ScenarioResult } from "./bench-result.ts";
import { findHighestLoad } from "./highest-load.ts";
import { LoadGenerator } from "./load/load-generator.ts";
import type { Quantiles } from "./load/load-messages.ts";
import { medianOf } from "./load/quantiles.ts";
import type { RecipientKeys } from "./load/reader-payments.ts";
import {
  type MeasuredRun,
  type MeasuredSystem,
  measureRun,
  type ProgramCost,
} from "./measured-run.ts";
import { startNaiveMesh } from "./naive/naive-mesh.ts";
import { type Effort, planOf, type Scenario } from "./scenario.ts";
import type { Tpcb } from "./yardstick/tpcb.ts";
import { TpcbRounds } from "./yardstick/tpcb-rounds.ts";

export interface ScenarioOptions {
  readonly scenario: Scenario;
  readonly effort: Effort;
  readonly benchMesh: BenchMesh;
  readonly keys: RecipientKeys;
  readonly tpcb: Tpcb;
  /** One line for a person. */
  readonly say: (line: string) => void;
}

/** A thousand tills keep one stream each; a single one needs several to keep enough on the way. */
const STREAMS_MAX = 16;
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
    tills: benchMesh.tills.slice(0, scenario.tillCount),
    streamsPerTill: Math.max(1, Math.floor(STREAMS_MAX / scenario.tillCount)),
    keys: options.keys,
  });
  const system: MeasuredSystem = {
    pids: new Map([...(naive ?? benchMesh).pids, ["load generator", [load.pid]]]),
    postgresPid: benchMesh.mesh.postgres.pid,
    database: benchMesh.mesh.postgres.connectionOptions("postgres"),
  };
  let seed = 0;
  const run = async (paymentsPerSecond: number) => {
    seed += 1;
    const plan = planOf(scenario, effort, { paymentsPerSecond, seed });
    const measured = await measureRun(load, plan, system);
    say(`  ${lineOf(measured)}`);
    return measured;
  };
  const unloaded = await run(UNLOADED_PER_SECOND);
  const tpcb = new TpcbRounds(options.tpcb, effort.tpcbMs);
  const found = await findHighestLoad<MeasuredRun>({
    run,
    beforeEach: () => tpcb.round(),
    startPerSecond: effort.startPerSecond,
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
    ...mediansOf(found.rounds),
    unloadedMs: unloaded.latencyMs.p50,
    tried: [unloaded, ...found.tried],
  };
}

/** Field by field the median of the rounds. */
function mediansOf(rounds: readonly MeasuredRun[]) {
  const median = (fact: (run: MeasuredRun) => number) => medianOf(rounds.map(fact));
  const latency = (name: keyof Quantiles) => median(({ latencyMs }) => latencyMs[name]);
  const programs = Object.keys(rounds[0]?.cost ?? {});
  const cost = programs.map((name): [string, ProgramCost] => {
    const of = (field: keyof ProgramCost) => median((run) => run.cost[name]?.[field] ?? 0);
    return [
      name,
      {
        cpuMicrosPerPayment: of("cpuMicrosPerPayment"),
        writtenBytesPerPayment: of("writtenBytesPerPayment"),
        memoryMiBMax: of("memoryMiBMax"),
      },
    ];
  });
  return {
    latencyMs: {
      p50: latency("p50"),
      p90: latency("p90"),
      p99: latency("p99"),
      p999: latency("p999"),
      max: latency("max"),
    },
    cost: Object.fromEntries(cost),
    walBytesPerPayment: median((run) => run.walBytesPerPayment),
    loopbackBytesPerPayment: median((run) => run.loopbackBytesPerPayment),
  };
}

function lineOf({ offeredPerSecond, latencyMs, failed, failures }: MeasuredRun): string {
  const ms = (value: number) => (Number.isFinite(value) ? value.toFixed(1) : "∞");
  const { p50, p99, p999 } = latencyMs;
  const said = `${String(offeredPerSecond).padStart(6)}/s  p50 ${ms(p50)} ms, p99 ${ms(p99)} ms`;
  const why = failed === 0 ? "" : `, not approved: ${JSON.stringify(failures)}`;
  return `${said}, p99.9 ${ms(p999)} ms${why}`;
}
