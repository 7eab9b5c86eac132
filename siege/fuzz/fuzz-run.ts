import type { Socket } from "node:net";
import { systemClock as clock } from "../../mesh/clock.ts";
import type { BesiegedMesh } from "../besieged-mesh.ts";
import type { Door } from "../doors.ts";
import { exchange, type TlsEntrance } from "../wire/exchange.ts";
import { type FuzzCase, fuzzCase } from "./fuzz-case.ts";
import { knownKillers } from "./known-killers.ts";

/** Connections at a time. */
const AT_ONCE = 24;

/** The meshes that the doors belong to; each where a door needs it. */
export interface Arena {
  meshOf(door: Door): BesiegedMesh;
  readonly meshes: readonly BesiegedMesh[];
}

/** What was found wrong, and what to send to see it again. */
export interface Finding {
  readonly wrongs: readonly string[];
  /** The case that does it alone; undefined when it takes several. */
  readonly number: number | undefined;
  /** The cases that had been sent since all was well: first and last. */
  readonly between: readonly [number, number];
}

interface FuzzOptions {
  readonly arena: Arena;
  readonly doors: readonly Door[];
  readonly seed: string;
  readonly first: number;
  readonly last: number;
  /** Connections after which everything is looked at. */
  readonly batch: number;
  readonly onBatch: (done: number) => void;
}

/** Sends case after case until all were sent or something is wrong. */
export async function fuzz(options: FuzzOptions): Promise<Finding | undefined> {
  const { arena, seed, doors, first, last, batch } = options;
  for (let start = first; start <= last; start += batch) {
    const end = Math.min(last, start + batch - 1);
    const cases = numbers(start, end).map((number) => fuzzCase(seed, number, doors));
    await playAll(arena, cases);
    const wrongs = await wrongsOf(arena);
    if (wrongs.length > 0) {
      return { wrongs, number: await culprit(arena, cases), between: [start, end] };
    }
    options.onBatch(end - first + 1);
  }
  return undefined;
}

/** Sends every known killer to its doors. @returns the first one at each that still does harm. */
export async function tryKnownKillers(arena: Arena, doors: readonly Door[]): Promise<string[]> {
  const harm: string[] = [];
  for (const door of doors) {
    const cases = killerCases(door);
    await playAll(arena, [...cases.values()]);
    if ((await wrongsOf(arena)).length === 0) continue;
    await reviveAll(arena);
    for (const [name, one] of cases) {
      const wrongs = await wrongsAfter(arena, one);
      if (wrongs.length === 0) continue;
      harm.push(`${name}: ${wrongs.join("; ")}`);
      break;
    }
  }
  return harm;
}

/** Over TLS each is sent by whoever may call there, and by somebody who is registered nowhere. */
function killerCases(door: Door): ReadonlyMap<string, FuzzCase> {
  const entrances = door.isTls ? (["peer", "stranger"] as const) : [undefined];
  return new Map(
    knownKillers(door).flatMap(({ name, segment, ending = "answer" }) =>
      entrances.map((entrance) => [
        `${name}, at ${door.name}${entrance === undefined ? "" : ` as ${entrance}`}`,
        {
          number: 0,
          door,
          entrance,
          protocols: ["h2"],
          pieces: [segment],
          ending,
        },
      ]),
    ),
  );
}

/** Plays one case and says what came back and what is wrong then. */
export async function replay(
  arena: Arena,
  one: FuzzCase,
): Promise<{ readonly answer: readonly Buffer[]; readonly wrongs: readonly string[] }> {
  const { socket, answer } = await play(arena, one);
  const wrongs = await wrongsOf(arena);
  socket.destroy();
  return { answer, wrongs };
}

async function playAll(arena: Arena, cases: readonly FuzzCase[]): Promise<void> {
  const sockets: Socket[] = [];
  const waiting = cases.values();
  const work = async () => {
    for (const one of waiting) sockets.push((await play(arena, one)).socket);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const socket of sockets) socket.destroy();
}

async function play(arena: Arena, one: FuzzCase) {
  const mesh = arena.meshOf(one.door);
  return await exchange(mesh.addressOf(one.door), one, { tls: await tlsOf(mesh, one), clock });
}

async function tlsOf(mesh: BesiegedMesh, one: FuzzCase): Promise<TlsEntrance | undefined> {
  const { entrance, protocols, door } = one;
  if (entrance === undefined || entrance === "no handshake" || door.program === "inbox") {
    return undefined;
  }
  if (entrance === "nobody") return { pem: undefined, protocols };
  return { pem: await mesh.pemOf(door.program, entrance), protocols };
}

async function wrongsOf({ meshes }: Arena): Promise<string[]> {
  return (await Promise.all(meshes.map((mesh) => mesh.wrongs()))).flat();
}

async function reviveAll({ meshes }: Arena): Promise<void> {
  for (const mesh of meshes) await mesh.revive();
}

/** One after the other, against programs that are well again. */
async function culprit(arena: Arena, cases: readonly FuzzCase[]): Promise<number | undefined> {
  await reviveAll(arena);
  for (const one of cases) {
    if ((await wrongsAfter(arena, one)).length > 0) return one.number;
  }
  return undefined;
}

/** What one case does; heals it again. */
async function wrongsAfter(arena: Arena, one: FuzzCase): Promise<readonly string[]> {
  const { socket } = await play(arena, one);
  const wrongs = await wrongsOf(arena);
  socket.destroy();
  if (wrongs.length > 0) await reviveAll(arena);
  return wrongs;
}

function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
