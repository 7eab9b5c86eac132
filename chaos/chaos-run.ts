import { cpSync } from "node:fs";
import { join } from "node:path";
import { type Mesh, startMesh } from "../cli/start/mesh-processes.ts";
import { type Clock, systemClock } from "../mesh/clock.ts";
import { seededRandom } from "../sealing/seeded-random.ts";
import { TestKeys } from "../test/fixtures/keys.ts";
import { Agreement } from "./agreement.ts";
import { type ChaosReport, type CheckedInvariant, figuresOf } from "./chaos-report.ts";
import { Databases } from "./databases.ts";
import { Dice } from "./dice.ts";
import { FaultSchedule } from "./fault-schedule.ts";
import { History } from "./history.ts";
import { LEDGER_CHECKS } from "./ledger-checks.ts";
import { Links } from "./links.ts";
import { LoadTerminal } from "./load-terminal.ts";
import { Programs } from "./programs.ts";
import { Till } from "./till.ts";

const LOAD_TERMINALS = 4;
/** Everything must be final so soon after everything was healed. */
const FINAL_MS_MAX = 180_000;
const LOOK_MS = 500;

export interface ChaosOptions {
  readonly durationMs: number;
  readonly seed: string;
  /** Empty; gets keys, databases and logs. */
  readonly directory: string;
  readonly say: (line: string) => void;
  readonly clock?: Clock;
}

/** Real programs and a real PostgreSQL, payments and faults all the time; then the bill. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { directory, durationMs, seed, say, clock = systemClock } = options;
  const startedAtMs = clock.monotonicMs();
  await using resources = new AsyncDisposableStack();
  const keys = resources.use(new TestKeys({ nowMs: clock.nowMs() }));
  cpSync(keys.directory, join(directory, "keys"), { recursive: true });
  const links = resources.use(new Links());
  const mesh = resources.use(
    await startMesh({
      dataDirectory: directory,
      isPaired: true,
      via: (from, to, address) => links.via(from, to, address),
      environment: { CARDLANE_LOG_LEVEL: "info" },
    }),
  );
  const history = new History();
  const load = await openLoad({ mesh, keys, links, history, seed, clock }, resources);
  const random = seededRandom(`${seed} payment ids`);
  const till = new Till({ mesh, history, dice: new Dice(`${seed} till`), random, clock });

  const programs = resources.use(new Programs(mesh, clock));
  const [stopping, healing] = [new AbortController(), new AbortController()];
  const databases = new Databases(mesh);
  const arena = { programs, links, databases, clock, healing: healing.signal };
  const faults = new FaultSchedule({ arena, seed, say });
  say(`${LOAD_TERMINALS} terminals and a till pay for ${Math.round(durationMs / 1_000)} s`);
  const paying = [...load, till].map((client) => client.run(stopping.signal));
  const harming = faults.run();
  await clock.sleep(durationMs);
  stopping.abort();
  healing.abort();
  await harming;
  links.heal();
  const healedAtMs = clock.monotonicMs();
  say("everything is healed");
  const settling = Promise.all([...paying, ...load.map((one) => one.settled())]);
  await untilFinal({ settling, databases, clock });
  const finalAfterHealingMs = clock.monotonicMs() - healedAtMs;
  say("the bill");
  const invariants = await checkAll({ databases, history, keys, programs });
  return {
    seed,
    durationMs: clock.monotonicMs() - startedAtMs,
    ...figuresOf(history),
    faults: faults.survived,
    finalAfterHealingMs,
    invariants,
  };
}

async function openLoad(
  parts: {
    readonly mesh: Mesh;
    readonly keys: TestKeys;
    readonly links: Links;
    readonly history: History;
    readonly seed: string;
    readonly clock: Clock;
  },
  resources: AsyncDisposableStack,
): Promise<readonly LoadTerminal[]> {
  const { mesh, links, seed } = parts;
  const relays = await Promise.all([
    links.via("load", "relay", mesh.program("relay").address),
    links.via("load", "relay-2", mesh.program("relay-2").address),
  ]);
  const load: LoadTerminal[] = [];
  for (let index = 1; index <= LOAD_TERMINALS; index += 1) {
    const dice = new Dice(`${seed} load ${index}`);
    load.push(resources.use(await LoadTerminal.open({ ...parts, index, relays, dice })));
  }
  return load;
}

/** Clients and records both; gives up when it takes too long: the checks then say what is open. */
async function untilFinal(parts: {
  readonly settling: Promise<unknown>;
  readonly databases: Databases;
  readonly clock: Clock;
}): Promise<void> {
  const { settling, databases, clock } = parts;
  const over = new AbortController();
  const patience = clock.sleep(FINAL_MS_MAX, over.signal).catch(() => undefined);
  let isTooLate = false;
  void patience.then(() => {
    isTooLate = true;
  });
  await Promise.race([settling, patience]);
  while (!isTooLate && (await countOpen(databases)) > 0n) await clock.sleep(LOOK_MS);
  over.abort();
}

async function countOpen(databases: Databases): Promise<bigint> {
  const [row] = await databases.query<{ open: bigint }>(
    "relay",
    "SELECT count(*) AS open FROM record WHERE due_at IS NOT NULL",
  );
  return row?.open ?? 0n;
}

async function checkAll(parts: {
  readonly databases: Databases;
  readonly history: History;
  readonly keys: TestKeys;
  readonly programs: Programs;
}): Promise<readonly CheckedInvariant[]> {
  const { databases, history, keys, programs } = parts;
  const invariants: CheckedInvariant[] = [
    { invariant: "no program ended by itself", violations: [...programs.ownDeaths] },
  ];
  for (const { invariant, database, text } of LEDGER_CHECKS) {
    const rows = await databases.query(database, text);
    invariants.push({ invariant, violations: rows.map(asText) });
  }
  const agreement = await Agreement.read(databases, history, keys.manifest);
  return [...invariants, ...agreement.check()];
}

function asText(row: object): string {
  const text = (value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString("hex") : String(value);
  return Object.entries(row)
    .map(([name, value]) => `${name} ${text(value)}`)
    .join(", ");
}
