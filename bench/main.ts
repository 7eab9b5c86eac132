// npm run bench [-- --quick] [--relays 2] [--processors 2] [--only "no PIN, 1 merchant"]
//
// The whole mesh and pgbench TPC-B in turns on one PostgreSQL; README.md says how to read it.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import pg from "pg";
import { systemClock as clock } from "../mesh/clock.ts";
import { type BenchMesh, startBenchMesh } from "./bench-mesh.ts";
import type { BenchResult, ScenarioResult } from "./bench-result.ts";
import { machineFacts } from "./machine.ts";
import { measureScenario } from "./measure-scenario.ts";
import { recipientKeysOf } from "./recipient-keys.ts";
import { plotOf } from "./report/plot.ts";
import { svgOf } from "./report/svg.ts";
import { tableOf } from "./report/table.ts";
import { FULL, QUICK, type Scenario } from "./scenario.ts";
import { findTpcb, type Tpcb } from "./yardstick/tpcb.ts";

const RESULTS = join(import.meta.dirname, "results");
const TPCB_SCALE = 10;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    relays: { type: "string", default: "1" },
    processors: { type: "string", default: "1" },
    only: { type: "string" },
  },
});
const effort = values.quick ? QUICK : FULL;
const [relayCount, processorCount] = [Number(values.relays), Number(values.processors)];
const { only } = values;
const scenarios =
  only === undefined ? effort.scenarios : FULL.scenarios.filter(({ name }) => name === only);
if (scenarios.length === 0) {
  const names = FULL.scenarios.map(({ name }) => `\n  ${name}`).join("");
  console.error(`--only must be one of:${names}`);
  process.exit(2);
}
await bench();

async function bench(): Promise<void> {
  const startedAtMs = clock.nowMs();
  const found: ScenarioResult[] = [];
  let machine: BenchResult["machine"] | undefined;
  for (const group of byEnvironment(scenarios)) {
    say(`starting PostgreSQL and the mesh${nameOf(group)}`);
    await using running = await startGroup(group);
    machine ??= await machineFacts({ postgres: running.postgres, tpcb: running.tpcb.driver });
    for (const scenario of group) {
      say(`${scenario.name}:`);
      const { design } = scenario;
      // Mixes of one design end near each other; a search that begins there is short.
      const before = found.findLast((one) => one.design === (design ?? "mesh"));
      const startPerSecond =
        scenario.startPerSecond ?? (before?.paymentsPerSecond || effort.startPerSecond);
      const options = { scenario, effort: { ...effort, startPerSecond }, ...running, say };
      found.push(await measureScenario(options));
    }
  }
  if (machine === undefined) throw new Error("bug: nothing was measured");
  report({
    startedAt: new Date(startedAtMs).toISOString(),
    effort: values.quick ? "quick" : "full",
    machine,
    relays: relayCount,
    processors: processorCount,
    scenarios: found,
  });
  say(`took ${Math.round((clock.nowMs() - startedAtMs) / 1_000)} s`);
}

interface RunningGroup extends AsyncDisposable {
  readonly benchMesh: BenchMesh;
  readonly keys: ReturnType<typeof recipientKeysOf>;
  readonly tpcb: Tpcb;
  /** Version of the server. */
  readonly postgres: string;
}

/** A mesh for scenarios of one environment, with TPC-B's tables beside its own. */
async function startGroup(group: readonly Scenario[]): Promise<RunningGroup> {
  await using stack = new AsyncDisposableStack();
  const dataDirectory = mkdtempSync(join(tmpdir(), "cardlane-bench-"));
  stack.defer(() => rmSync(dataDirectory, { recursive: true, force: true }));
  const benchMesh = stack.use(
    await startBenchMesh({
      dataDirectory: join(dataDirectory, "mesh"),
      relayCount,
      processorCount,
      tillCount: Math.max(...group.map(({ tillCount }) => tillCount)),
      environment: group[0]?.environment ?? {},
    }),
  );
  const { postgres } = benchMesh.mesh;
  await postgres.createDatabase("pgbench");
  const database = postgres.connectionOptions("pgbench");
  const tpcb = await findTpcb(database);
  await tpcb.initialise(TPCB_SCALE);
  const running = stack.move();
  return {
    benchMesh,
    keys: recipientKeysOf(benchMesh.directory),
    tpcb,
    postgres: await serverVersion(database),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
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

async function serverVersion(database: pg.ClientConfig): Promise<string> {
  const client = new pg.Client(database);
  await client.connect();
  const { rows } = await client.query<{ readonly server_version: string }>("SHOW server_version");
  await client.end();
  return rows[0]?.server_version ?? "unknown";
}

function report(result: BenchResult): void {
  mkdirSync(RESULTS, { recursive: true });
  const name = join(RESULTS, result.startedAt.replaceAll(/[:.]/g, "-"));
  writeFileSync(`${name}.json`, `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(`${name}.svg`, svgOf(result));
  console.log(`\n${tableOf(result)}\n\n${plotOf(result)}\n`);
  say(`${name}.json and .svg`);
}

function say(line: string): void {
  console.log(line);
}
