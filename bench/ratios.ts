import { systemClock as clock } from "../mesh/clock.ts";
import { type BenchBed, startBed } from "./bench-bed.ts";
import type { BenchResult, ScenarioResult } from "./bench-result.ts";
import { machineFacts } from "./machine.ts";
import { measureScenario } from "./measure-scenario.ts";
import { plotOf } from "./report/plot.ts";
import { svgOf } from "./report/svg.ts";
import { tableOf } from "./report/table.ts";
import { writeResult } from "./results.ts";
import { FULL, QUICK, type Scenario } from "./scenario.ts";
import { UsageError } from "./usage-error.ts";
import { findTpcb, type Tpcb } from "./yardstick/tpcb.ts";

const TPCB_SCALE = 10;

export interface RatioOptions {
  readonly isQuick: boolean;
  readonly relayCount: number;
  readonly processorCount: number;
  readonly scenarios: readonly Scenario[];
  readonly say: (line: string) => void;
}

/** The scenarios that the command line asks for. @throws UsageError naming all there are. */
export function scenariosOf(
  isQuick: boolean,
  only: readonly string[] | undefined,
): readonly Scenario[] {
  if (only === undefined) return (isQuick ? QUICK : FULL).scenarios;
  const scenarios = FULL.scenarios.filter(({ name }) => only.includes(name));
  if (scenarios.length === only.length) return scenarios;
  throw new UsageError(
    `--only must be one of:${FULL.scenarios.map(({ name }) => `\n  ${name}`).join("")}`,
  );
}

/** The whole mesh and pgbench TPC-B in turns on one PostgreSQL. */
export async function measureRatios(options: RatioOptions): Promise<void> {
  const { isQuick, relayCount, processorCount, scenarios, say } = options;
  const effort = isQuick ? QUICK : FULL;
  const startedAtMs = clock.nowMs();
  const found: ScenarioResult[] = [];
  let machine: BenchResult["machine"] | undefined;
  for (const group of byEnvironment(scenarios)) {
    say(`starting PostgreSQL and the mesh${nameOf(group)}`);
    await using running = await startGroup(group, options);
    const { bed, tpcb } = running;
    machine ??= await machineFacts({ postgres: bed.postgresVersion, tpcb: tpcb.driver });
    for (const scenario of group) {
      say(`${scenario.name}:`);
      const { design } = scenario;
      // Mixes of one design end near each other; a search that begins there is short.
      const before = found.findLast((one) => one.design === (design ?? "mesh"));
      const startPerSecond =
        scenario.startPerSecond ?? (before?.paymentsPerSecond || effort.startPerSecond);
      found.push(
        await measureScenario({
          scenario,
          effort: { ...effort, startPerSecond },
          benchMesh: bed.benchMesh,
          keys: bed.keys,
          tpcb,
          isWarm: scenario !== group[0],
          say,
        }),
      );
    }
  }
  if (machine === undefined) throw new Error("bug: nothing was measured");
  const result: BenchResult = {
    startedAt: new Date(startedAtMs).toISOString(),
    effort: isQuick ? "quick" : "full",
    machine,
    relays: relayCount,
    processors: processorCount,
    scenarios: found,
  };
  console.log(`\n${tableOf(result)}\n\n${plotOf(result)}\n`);
  say(writeResult("ratios", result.startedAt, { json: result, svg: svgOf(result) }));
}

interface RunningGroup extends AsyncDisposable {
  readonly bed: BenchBed;
  readonly tpcb: Tpcb;
}

/** A mesh for scenarios of one environment, with TPC-B's tables beside its own. */
async function startGroup(
  group: readonly Scenario[],
  { relayCount, processorCount }: RatioOptions,
): Promise<RunningGroup> {
  await using stack = new AsyncDisposableStack();
  const bed = stack.use(
    await startBed({
      relayCount,
      processorCount,
      tillCount: group.reduce((sum, { tillCount }) => sum + tillCount, 0),
      environment: group[0]?.environment ?? {},
    }),
  );
  const { postgres } = bed.benchMesh.mesh;
  await postgres.createDatabase("pgbench");
  const tpcb = await findTpcb(postgres.connectionOptions("pgbench"));
  await tpcb.initialise(TPCB_SCALE);
  const running = stack.move();
  return { bed, tpcb, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Scenarios that can share a mesh, in the order of the first of each. */
function byEnvironment(all: readonly Scenario[]): readonly (readonly Scenario[])[] {
  const groups = Map.groupBy(all, ({ environment }) => JSON.stringify(environment ?? {}));
  return [...groups.values()];
}

function nameOf([first]: readonly Scenario[]): string {
  const settings = Object.entries(first?.environment ?? {});
  return settings.map(([name, value]) => `, ${name}=${value}`).join("");
}
