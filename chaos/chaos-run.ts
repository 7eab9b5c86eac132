import { cpSync } from "node:fs";
import { join } from "node:path";
import { MeshDirectory } from "../dev-mesh/mesh-directory.ts";
import { type Mesh, startMesh } from "../dev-mesh/mesh-processes.ts";
import { type Clock, systemClock } from "../mesh/clock.ts";
import type { Surroundings } from "../mesh/surroundings.ts";
import { seededRandom } from "../sealing/testing/seeded-random.ts";
import { TestKeys } from "../test/fixtures/keys.ts";
import { type ChaosReport, type CheckedInvariant, figuresOf, seenText } from "./chaos-report.ts";
import { checkAll } from "./checks/all-checks.ts";
import { readEndState } from "./checks/end-state.ts";
import { Databases } from "./databases.ts";
import { Dice } from "./dice.ts";
import { DeviceDisks } from "./faults/device-disks.ts";
import { findFaketime } from "./faults/faketime.ts";
import { FaultSchedule } from "./faults/fault-schedule.ts";
import { NOTICED_AFTER_MS, WrongClocks } from "./faults/wrong-clocks.ts";
import { History } from "./history.ts";
import { Links } from "./links.ts";
import { cardTokens, limitCards } from "./load/load-cards.ts";
import { LoadDevice, loadTerminalKey } from "./load/load-device.ts";
import { LoadTerminal } from "./load/load-terminal.ts";
import { Till } from "./load/till.ts";
import { Operator } from "./operator.ts";
import { OtherRelay } from "./other-relay.ts";
import { Programs } from "./programs.ts";
import { OTHER_RELAY } from "./relay-names.ts";
import { makeRunTls, relayProof } from "./run-tls.ts";
import { Sightings } from "./sightings.ts";
import { Watcher } from "./watcher.ts";

const LOAD_TERMINALS = [1, 2, 3, 4];
/** Everything must be final so soon after everything was healed. */
const FINAL_MS_MAX = 180_000;
/** A watcher is told of the last event so soon after that. */
const HEARD_MS_MAX = 60_000;
const LOOK_MS = 500;
const TLS_SHARE = 0.5;
/** How many finished payments a journal, and signed ids a reader keeps: soon there are more. */
const SHORT_MEMORIES = { CARDLANE_JOURNAL_MAX: "8", CARDLANE_TAKEN_IDS_MAX: "8" };

interface ChaosOptions {
  readonly durationMs: number;
  readonly seed: string;
  /** Undefined: as the seed says. */
  readonly isTls: boolean | undefined;
  /** The only kinds of faults that strike; undefined: all. */
  readonly faults: readonly string[] | undefined;
  /** Empty; gets keys, databases and logs. */
  readonly directory: string;
  readonly say: (line: string) => void;
  /** Rejects when the run is to end before its time. */
  readonly interrupted: Promise<never>;
  readonly clock?: Clock;
}

/** Real programs and a real PostgreSQL, payments and faults all the time; then the bill. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { durationMs, seed, say, clock = systemClock } = options;
  const startedAtMs = clock.monotonicMs();
  await using resources = new AsyncDisposableStack();
  const stage = await setStage({ ...options, clock }, resources);
  const { history, databases, clients, programs, faults, links, clocks, watcher } = stage;
  const stopping = new AbortController();
  const over = new AbortController();
  say(`${clients.length} clients pay for ${Math.round(durationMs / 1_000)} s`);
  const lookers = [stage.sightings, stage.operator].map((one) => one.run(over.signal));
  const watching = Promise.all([watcher.watch(over.signal), ...lookers]);
  const paying = Promise.all(clients.map((client) => client.run(stopping.signal)));
  const harming = faults.run();
  const running = [watching, paying, harming];
  const stop = () => {
    stopping.abort();
    stage.healing.abort();
  };
  await Promise.race([clock.sleep(durationMs), options.interrupted]).catch(async (error) => {
    stop();
    over.abort();
    const { ownDeaths } = programs;
    for (const line of seenText({ history, faults: faults.survived, ownDeaths })) say(line);
    for (const one of running) one.catch(() => undefined); // Their programs end under them.
    await Promise.allSettled([harming]); // It starts programs.
    throw error;
  });
  stop();
  // First of all: by a wrong clock a program may not even start.
  clocks?.heal();
  await harming;
  links.heal();
  clocks?.heal();
  await clock.sleep(NOTICED_AFTER_MS);
  const healedAtMs = clock.monotonicMs();
  say("everything is healed");
  const settled = paying.then(() => Promise.all(stage.load.map((one) => one.settled())));
  await within(FINAL_MS_MAX, clock, settled, async () => (await countOpen(databases)) === 0n);
  const finalAfterHealingMs = clock.monotonicMs() - healedAtMs;
  const last = await lastSequence(databases);
  await within(HEARD_MS_MAX, clock, Promise.resolve(), async () => watcher.hasHeard(last));
  over.abort();
  await watching;
  say("the bill");
  const evidence = {
    end: await readEndState(databases),
    history,
    sightings: stage.sightings.byPayment,
    watched: watcher.run,
    manifest: stage.keys.manifest,
    tokens: stage.tokens,
    timesBegun: (day: number) => Math.max(1, clocks?.ledgerDays.timesBegun(day) ?? 1),
  };
  const ownDeaths: CheckedInvariant = {
    invariant: "no program ended by itself",
    violations: [...programs.ownDeaths],
  };
  return {
    seed,
    isTls: stage.mesh.isTls,
    durationMs: clock.monotonicMs() - startedAtMs,
    ...figuresOf(history),
    faults: faults.survived,
    finalAfterHealingMs,
    eventsHeard: watcher.run.heard.length,
    watchesResumed: watcher.run.resumed,
    leftOut: clocks === undefined ? ["wrong clocks: there is no libfaketime"] : [],
    invariants: [ownDeaths, ...checkAll(evidence)],
  };
}

type StageOptions = ChaosOptions & Pick<Surroundings, "clock">;

/** The mesh with everything around it that pays, harms and looks on. */
async function setStage(options: StageOptions, resources: AsyncDisposableStack) {
  const { directory, seed, say, clock } = options;
  const keys = resources.use(new TestKeys({ nowMs: clock.nowMs() }));
  cpSync(keys.directory, join(directory, "keys"), { recursive: true });
  const isTls = options.isTls ?? new Dice(`${seed} TLS`).happens(TLS_SHARE);
  if (isTls) {
    const tls = new MeshDirectory(directory).tls;
    const terminals = LOAD_TERMINALS.map(loadTerminalKey);
    await makeRunTls({ directory: tls, terminals, nowMs: clock.nowMs() });
  }
  const library = await findFaketime();
  const clocks =
    library === undefined
      ? undefined
      : new WrongClocks(library, join(directory, "clocks"), () => clock.nowMs());
  const links = resources.use(new Links());
  const mesh = resources.use(
    await startMesh({
      dataDirectory: directory,
      isPaired: true,
      isTls,
      via: (from, to, address) => links.via(from, to, address),
      environment: { CARDLANE_LOG_LEVEL: "info", ...SHORT_MEMORIES },
      environmentOf: (name) => clocks?.environmentOf(name) ?? {},
    }),
  );
  const databases = new Databases(mesh);
  const tokens = cardTokens(keys);
  await limitCards(databases, tokens);
  const history = new History();
  const readerNowMs = () => clock.nowMs() + (clocks?.aheadMs("load") ?? 0);
  const parts = { mesh, keys, links, history, seed, clock, readerNowMs };
  const load = await openLoad(parts, resources);
  const random = seededRandom(`${seed} payment ids`);
  const till = new Till({ mesh, history, dice: new Dice(`${seed} till`), random, clock });
  const watcher = await openWatcher(parts, resources);
  const programs = resources.use(new Programs(mesh, clock, say));
  const healing = new AbortController();
  const devices = new DeviceDisks(mesh.directory, join(directory, "copies"));
  const arena = { programs, links, databases, devices, clocks, clock, healing: healing.signal };
  return {
    mesh,
    keys,
    tokens,
    databases,
    history,
    load,
    clients: [...load, till],
    programs,
    links,
    clocks,
    watcher,
    sightings: new Sightings(databases, clock),
    operator: new Operator({ mesh, databases, clock, say }),
    healing,
    faults: new FaultSchedule({ arena, seed, kinds: options.faults, say }),
  };
}

interface LoadParts extends Pick<Surroundings, "clock"> {
  readonly mesh: Mesh;
  readonly keys: TestKeys;
  readonly links: Links;
  readonly history: History;
  readonly seed: string;
  readonly readerNowMs: () => number;
}

async function openLoad(
  parts: LoadParts,
  resources: AsyncDisposableStack,
): Promise<readonly LoadTerminal[]> {
  const { seed } = parts;
  const relays = await relaysFor("load", parts);
  const elsewhere = await openElsewhere(parts, resources);
  const load: LoadTerminal[] = [];
  for (const index of LOAD_TERMINALS) {
    const dice = new Dice(`${seed} load ${index}`);
    const proof = await proofOf(loadTerminalKey(index).terminalId, parts, resources);
    const device = new LoadDevice({ ...parts, index });
    await device.register(parts.mesh, elsewhere.relay);
    const ways = { relays, elsewhere };
    load.push(resources.use(await LoadTerminal.open({ ...parts, ...ways, device, proof, dice })));
  }
  return load;
}

async function openElsewhere(parts: LoadParts, resources: AsyncDisposableStack) {
  const proof = await proofOf("operator", parts, resources);
  const relay = resources.use(await OtherRelay.start({ ...parts, proof }));
  return { relay, address: await parts.links.via("load", OTHER_RELAY, relay.address) };
}

async function openWatcher(parts: LoadParts, resources: AsyncDisposableStack): Promise<Watcher> {
  const relays = await relaysFor("watcher", parts);
  const proof = await proofOf("operator", parts, resources);
  return resources.use(new Watcher({ relays, proof, clock: parts.clock }));
}

/** "host:port" of both, by lines of one's own. */
async function relaysFor(who: string, { links, mesh }: LoadParts): Promise<readonly string[]> {
  const names = ["relay", "relay-2"] as const;
  return await Promise.all(names.map((name) => links.via(who, name, mesh.program(name).address)));
}

async function proofOf(holder: string, parts: LoadParts, resources: AsyncDisposableStack) {
  const { mesh, clock } = parts;
  if (!mesh.isTls) return undefined;
  const proof = await relayProof(mesh.directory.tls, holder, clock);
  resources.use(proof.identity);
  return proof;
}

/** Waits for both; gives up when it takes too long: the checks then say what is missing. */
async function within(
  msMax: number,
  clock: Clock,
  first: Promise<unknown>,
  isReached: () => Promise<boolean>,
): Promise<void> {
  const over = new AbortController();
  const patience = clock.sleep(msMax, over.signal).catch(() => undefined);
  let isTooLate = false;
  void patience.then(() => {
    isTooLate = true;
  });
  await Promise.race([first, patience]);
  while (!isTooLate && !(await isReached())) await clock.sleep(LOOK_MS);
  over.abort();
}

async function countOpen(databases: Databases): Promise<bigint> {
  let open = 0n;
  for (const relay of ["relay", OTHER_RELAY] as const) {
    const text = "SELECT count(*) AS open FROM record WHERE due_at IS NOT NULL";
    const [row] = await databases.query<{ open: bigint }>(relay, text);
    open += row?.open ?? 0n;
  }
  const [row] = await databases.query<{ open: bigint }>("processor", UNACKNOWLEDGED);
  return open + (row?.open ?? 0n);
}

/** Those that a relay whose database is from before could undo. */
const UNACKNOWLEDGED = `
  SELECT count(*) AS open FROM processor.payment
  WHERE state IN ('APPROVED', 'AUTHORIZED') AND acknowledged_revision < revision`;

async function lastSequence(databases: Databases): Promise<bigint> {
  const [row] = await databases.query<{ last: bigint }>(
    "relay",
    "SELECT coalesce(max(sequence), 0) AS last FROM record_event",
  );
  return row?.last ?? 0n;
}
