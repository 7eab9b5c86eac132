import type { BenchMeshOptions } from "../mesh/bench-mesh.ts";
import { findTpcb } from "../yardstick/tpcb.ts";
import type { Tpcb } from "../yardstick/tpcb-driver.ts";
import { type BenchBed, startBed } from "./bench-bed.ts";
import type { ScenarioResult } from "./bench-result.ts";
import type { Effort } from "./effort.ts";
import { measureScenario } from "./measure-scenario.ts";
import type { Scenario } from "./scenario.ts";

const TPCB_SCALE = 10;

interface HighestLoadsOptions extends Pick<BenchMeshOptions, "relayCount" | "processorCount"> {
  readonly scenarios: readonly Scenario[];
  readonly effort: Effort;
  readonly say: (line: string) => void;
}

interface HighestLoads {
  /** Which program runs TPC-B. */
  readonly tpcb: string;
  readonly scenarios: readonly ScenarioResult[];
}

/** One mesh and pgbench TPC-B in turns on one PostgreSQL, mix by mix. */
export async function measureHighestLoads(options: HighestLoadsOptions): Promise<HighestLoads> {
  const { scenarios, effort, say } = options;
  say("starting PostgreSQL and the mesh");
  await using running = await startBeside(options);
  const { bed, tpcb } = running;
  const found: ScenarioResult[] = [];
  for (const scenario of scenarios) {
    say(`${scenario.name}:`);
    // Mixes of one design end near each other; a search that begins there is short.
    const before = found.findLast((one) => one.design === (scenario.design ?? "mesh"));
    const startPerSecond =
      scenario.startPerSecond ?? (before?.paymentsPerSecond || effort.startPerSecond);
    found.push(
      await measureScenario({
        scenario,
        effort: { ...effort, startPerSecond },
        benchMesh: bed.benchMesh,
        keys: bed.keys,
        tpcb,
        hadLoad: found.length > 0,
        say,
      }),
    );
  }
  return { tpcb: tpcb.driver, scenarios: found };
}

interface MeshBesideTpcb extends AsyncDisposable {
  readonly bed: BenchBed;
  readonly tpcb: Tpcb;
}

/** A mesh with TPC-B's tables beside its own. */
async function startBeside(options: HighestLoadsOptions): Promise<MeshBesideTpcb> {
  const { scenarios, relayCount, processorCount } = options;
  await using stack = new AsyncDisposableStack();
  const tillCount = scenarios.reduce((sum, scenario) => sum + scenario.tillCount, 0);
  const bed = stack.use(await startBed({ relayCount, processorCount, tillCount, environment: {} }));
  const { postgres } = bed.benchMesh.mesh;
  await postgres.createDatabase("pgbench");
  const tpcb = await findTpcb(postgres.connectionOptions("pgbench"));
  await tpcb.initialise(TPCB_SCALE);
  const running = stack.move();
  return { bed, tpcb, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
