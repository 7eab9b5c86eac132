import { BadLuck, drawFaultPlan } from "./bad-luck.ts";
import { checkInvariants } from "./checks/check-invariants.ts";
import { hasOpenRecords, readFinalState, unacknowledged } from "./checks/final-state.ts";
import { Observations } from "./checks/observations.ts";
import type { MeshBasis } from "./mesh-basis.ts";
import { CARD_NAMES } from "./people/cards.ts";
import { Operator } from "./people/operator.ts";
import { RogueTill } from "./people/rogue-till.ts";
import { TillScript } from "./people/till-script.ts";
import { readerName } from "./program-names.ts";
import { SimulatedMesh } from "./simulated-mesh.ts";
import { Dice } from "./world/dice.ts";
import { World } from "./world/world.ts";

/** From then on nothing new goes wrong. */
const FAULTY_MS = 13_000;
/** Every payment is final this long after the last fault, or never will be. */
const FINAL_WITHIN_MS = 240_000;
const LOOK_MS = 500;
/** What is still on its way when all is final gets this long to do harm. */
const AFTERMATH_MS = 1_500;

/** What came of one seed. */
export interface Run {
  readonly seed: number;
  /** Of everything that happened. The same for every run of this seed. */
  readonly digest: string;
  readonly events: number;
  readonly simulatedMs: number;
  readonly payments: number;
  /** Final states by how often. */
  readonly states: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
  readonly lines: readonly string[];
}

/** Runs the whole mesh through one seed's payments and faults, and checks what is left. */
export async function simulate(basis: MeshBasis, seed: number): Promise<Run> {
  await basis.engine.reset();
  await basis.engineElsewhere.reset();
  const world = new World(seed);
  const seen = new Observations();
  const mesh = new SimulatedMesh(world, basis, {
    faultPlan: drawFaultPlan(new Dice(seed + 1_000_003), seed),
    witness: (life, name, rows) => seen.seeStatement(life, name, rows),
  });
  mesh.network.onFrame = (sender, frame) => {
    seen.seeFrame(sender, frame, mesh.disks.get(sender));
    const device = mesh.find(sender)?.device;
    if (device !== undefined) seen.seeDisplay(device);
  };
  keepStarting(mesh);
  mesh.startAll();
  const luck = new BadLuck(mesh, basis.engine, seen);
  luck.plan();
  const rogue = new RogueTill(mesh, basis, seen);
  rogue.run();
  new Operator(mesh, basis, seen).run();
  const cards = [world.dice.pick(CARD_NAMES), world.dice.pick(CARD_NAMES)];
  const tills = basis.lanes.map((_, lane) => new TillScript(mesh, lane, cards, seen));
  for (const till of tills) void till.run();

  const isDone = () => tills.every(({ isOver }) => isOver);
  const isFinal = watch(mesh, basis, { isDone, areRelaysRestored: () => seen.areRelaysRestored });
  await world.timeline.run(FAULTY_MS, () => false);
  world.isFaulty = false;
  luck.heal();
  rogue.stop();
  const limitMs = Math.max(FAULTY_MS, luck.lastEndMs) + FINAL_WITHIN_MS;
  const isOver = await world.timeline.run(limitMs, isFinal);
  if (!isOver) seen.violations.push(...(await notFinal(basis, seen)));
  const endMs = Math.max(world.timeline.elapsedMs, luck.lastEndMs) + AFTERMATH_MS;
  await world.timeline.run(endMs, () => false);
  for (const host of mesh.hosts.values()) host.crash("the run is over");
  await world.timeline.settle();
  for (const [lane, { reader }] of basis.lanes.entries()) {
    if (mesh.disks.get(readerName(lane))?.hasForgotten) seen.forgetful.add(reader.serial);
  }
  seen.arePinsRestored = luck.arePinsRestored;
  seen.timesLedgerPutBack = mesh.processorDatabase.timesPutBack;
  return await conclude(world, basis, seen);
}

/** What is open, or not acknowledged, though nothing goes wrong any more. */
async function notFinal(
  { engine, engineElsewhere }: MeshBasis,
  { areRelaysRestored }: Observations,
): Promise<readonly string[]> {
  const ids = await unacknowledged(engine, areRelaysRestored);
  const open = await Promise.all(
    [engine, engineElsewhere].map((one) => hasOpenRecords(one, areRelaysRestored)),
  );
  // A till may ask for ever about an id that terminal and relays have forgotten: the processor has
  // it with other bytes, which is for a person (docs/failure-modes.md).
  const isForAPerson = areRelaysRestored && ids.length === 0 && !open.includes(true);
  if (isForAPerson) return [];
  const what = ids.length === 0 ? "not final" : `not acknowledged: ${ids.join(", ")}`;
  return [`${FINAL_WITHIN_MS} ms after the last fault ${what}`];
}

async function conclude(world: World, basis: MeshBasis, seen: Observations): Promise<Run> {
  const end = await readFinalState(basis.engine, basis.engineElsewhere);
  const states: Record<string, number> = {};
  const records = [...end.records, ...end.recordsElsewhere];
  for (const { state } of records) states[state] = (states[state] ?? 0) + 1;
  return {
    seed: world.seed,
    digest: world.history.digest(),
    events: world.history.count,
    simulatedMs: world.timeline.elapsedMs,
    payments: records.length,
    states,
    violations: checkInvariants(end, seen),
    lines: world.history.lines,
  };
}

/** A program that died is started again after a while, as whatever runs it would do. */
function keepStarting(mesh: SimulatedMesh): void {
  const { dice, timeline } = mesh.world;
  for (const host of mesh.hosts.values()) {
    host.onCrash(() => {
      timeline.after(dice.between(100, 4_000), () => mesh.start(host.name));
    });
  }
}

/**
 * Looks now and then whether all tills are done, all records final, and all approvals acknowledged:
 * one that is not could be undone by a relay whose database is from before. A slow statement may
 * still make a record of a payment for which nobody waits.
 */
function watch(
  mesh: SimulatedMesh,
  basis: MeshBasis,
  { isDone, areRelaysRestored }: Record<"isDone" | "areRelaysRestored", () => boolean>,
): () => boolean {
  const { timeline } = mesh.world;
  let isFinal = false;
  const look = () => {
    timeline.after(LOOK_MS, look);
    if (!isDone() || mesh.world.statementsUnderWay > 0) return;
    const { engine, engineElsewhere } = basis;
    const open = [engine, engineElsewhere].map((one) => hasOpenRecords(one, areRelaysRestored()));
    const kept = unacknowledged(engine, areRelaysRestored());
    void Promise.all([kept, ...open]).then(([ids, ...isOpen]) => {
      isFinal = ids.length === 0 && !isOpen.includes(true);
    });
  };
  look();
  return () => isFinal;
}
