import type { CollectedMemory } from "../../bench/measure/collected-memory.ts";
import type { ProgramName } from "../../dev-mesh/mesh-directory.ts";
import { systemClock as clock } from "../../mesh/clock.ts";
import type { BesiegedMesh } from "../besieged-mesh.ts";
import { processFigures } from "../process-figures.ts";
import type { TlsEntrance } from "../wire/exchange.ts";
import { Attacker } from "./attacker.ts";
import type { Attack } from "./attacks.ts";
import type { Claim } from "./claims.ts";
import { type Paid, payUntil } from "./payer.ts";
import { BOUNDS, type Measured, type VictimFigures } from "./verdict.ts";

const LOOK_MS = 100;
/** What the attacker left behind is let go within this. */
const SETTLE_MS_MAX = 20_000;

interface AbuseOptions {
  readonly besieged: BesiegedMesh;
  readonly memory: CollectedMemory;
  readonly scale: number;
  /** How often calm and attack take turns. */
  readonly rounds: number;
  readonly calmMs: number;
  readonly attackMs: number;
  /** What others want meanwhile of what the attacker takes; most attacks take nothing of that. */
  readonly claim: Claim | undefined;
}

/** One attack on one program while a till pays, in turns with the till alone. */
export async function abuse(
  { name, as, victims }: Attack,
  victim: ProgramName,
  options: AbuseOptions,
): Promise<Measured> {
  const { besieged, memory, scale, rounds, calmMs, attackMs, claim } = options;
  const program = besieged.mesh.program(victim);
  const address = besieged.mesh.addresses[victim];
  const tls: TlsEntrance | undefined =
    victims.includes(victim) && victim !== "reader"
      ? { pem: await besieged.pemOf(victim, as), protocols: ["h2"] }
      : undefined;
  const { pid } = program;
  const before = await figuresOf(pid, memory);
  await using attacker = await Attacker.start();
  const [calm, attacked]: [Paid[], Paid[]] = [[], []];
  let held = 0;
  const peaks = { calm: new Peak(pid), attacked: new Peak(pid) };
  for (let round = 0; round < rounds; round += 1) {
    const rest = async () => {
      await Promise.all([clock.sleep(calmMs), claim?.meanwhile("calm")]);
    };
    calm.push(await peaks.calm.during(() => whilePaying(besieged, rest)));
    const subjects = (await claim?.subjects()) ?? [];
    const order = { name, address, tls, scale, durationMs: attackMs, subjects, round };
    const attack = async () => {
      const [done] = await Promise.all([attacker.attack(order), claim?.meanwhile("attack")]);
      held = Math.max(held, done.held);
      claim?.hear(done.spoils);
    };
    attacked.push(await peaks.attacked.during(() => whilePaying(besieged, attack)));
  }
  await settled(pid, before.descriptors);
  const [death] = await besieged.wrongs();
  const of = (all: readonly Paid[]) => all.flatMap(({ latenciesMs }) => latenciesMs);
  return {
    attack: name,
    victim,
    before,
    after: death === undefined ? await figuresOf(pid, memory) : before,
    calmPeakBytes: peaks.calm.bytes,
    peakBytes: peaks.attacked.bytes,
    calmMs: of(calm),
    attackedMs: of(attacked),
    failures: attacked.flatMap(({ failures }) => failures),
    held,
    death,
    ...(claim?.verdict() ?? { unfair: [], told: "" }),
  };
}

async function whilePaying({ mesh }: BesiegedMesh, work: () => Promise<unknown>): Promise<Paid> {
  const stopping = new AbortController();
  const paying = payUntil(stopping.signal, mesh.clients, clock);
  await work();
  stopping.abort();
  return await paying;
}

async function figuresOf(pid: number, memory: CollectedMemory): Promise<VictimFigures> {
  const { heapUsed, external } = await memory.of(pid);
  const { residentBytes, descriptors } = processFigures(pid);
  return { residentBytes, usedBytes: heapUsed + external, descriptors };
}

async function settled(pid: number, descriptorsBefore: number): Promise<void> {
  const untilMs = clock.monotonicMs() + SETTLE_MS_MAX;
  const isSettled = () => {
    const { descriptors } = figuresIfThere(pid);
    return descriptors - descriptorsBefore <= BOUNDS.descriptors;
  };
  while (!isSettled() && clock.monotonicMs() < untilMs) await clock.sleep(LOOK_MS);
}

/** The highest resident memory of a program that was seen during some work. */
class Peak {
  bytes = 0;
  readonly #pid: number;

  constructor(pid: number) {
    this.#pid = pid;
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    const over = new AbortController();
    const looking = this.#look(over.signal);
    try {
      return await work();
    } finally {
      over.abort();
      await looking;
    }
  }

  async #look(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      this.bytes = Math.max(this.bytes, figuresIfThere(this.#pid).residentBytes);
      await clock.sleep(LOOK_MS);
    }
  }
}

/** Nothing of a process that has ended: its death is told elsewhere. */
function figuresIfThere(pid: number) {
  try {
    return processFigures(pid);
  } catch {
    return { residentBytes: 0, descriptors: 0, threads: 0 };
  }
}
