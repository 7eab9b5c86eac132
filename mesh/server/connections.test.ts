import { expect, test } from "vitest";
import { silentLog } from "../log.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { type Connection, Connections } from "./connections.ts";
import { DEFAULT_LIMITS } from "./server-limits.ts";

const LIMITS = {
  ...DEFAULT_LIMITS,
  connectionsMax: 10,
  connectionsReserve: 3,
  connectionsPerAddressMax: 4,
  connectionsPerPeerMax: 2,
  streamsPerPeerMax: 3,
  heldBytesMax: 100,
  handshakeRate: { perSecond: 1, burst: 8 },
  offenceRate: { perSecond: 1, burst: 5 },
};

/** Connections that write down who had to leave. */
function counted({ isSecured = true, bulk = "" } = {}) {
  const clock = new ManualClock();
  const isBulk = (peer: string) => peer === bulk;
  const connections = new Connections({ limits: LIMITS, clock, log: silentLog, isSecured, isBulk });
  const left: string[] = [];
  return {
    clock,
    left,
    accept: (name: string, address: string) => connections.accept(address, () => left.push(name)),
    /** Busy unless it may not be. */
    busy(name: string, address: string, identity?: string): Connection | undefined {
      const connection = connections.accept(address, () => left.push(name));
      if (identity !== undefined) connection?.identify(identity);
      connection?.begin();
      return connection;
    },
  };
}

test("who has been idle for longest leaves for a newcomer of the same address", () => {
  const { accept, left } = counted();
  for (const name of ["a", "b", "c", "d", "e", "f"]) accept(name, "10.0.0.1");
  expect(left).toEqual(["a", "b"]);
});

test("where everybody is busy a newcomer finds no room, and others do", () => {
  const { accept, busy, left } = counted();
  for (const name of ["a", "b", "c", "d"]) busy(name, "10.0.0.1");
  expect(accept("e", "10.0.0.1")).toBeUndefined();
  expect(accept("f", "10.0.0.2")).toBeDefined();
  expect(left).toEqual([]);
});

test("in plaintext one address leaves a reserve to others", () => {
  const { accept, busy } = counted({ isSecured: false });
  const all = Array.from({ length: 10 }, (_, index) => busy(`${index}`, "127.0.0.1"));
  expect(all.filter((one) => one !== undefined)).toHaveLength(7);
  expect(accept("other", "127.0.0.2")).toBeDefined();
});

test("when all places are taken, the greediest makes room for the newcomer", () => {
  const { accept, left } = counted();
  for (const address of ["10.0.0.1", "10.0.0.2"]) {
    for (let count = 1; count <= 4; count += 1) accept(`${address} ${count}`, address);
  }
  for (const count of [1, 2]) accept(`10.0.0.3 ${count}`, "10.0.0.3");
  expect(accept("new", "10.0.0.4")).toBeDefined();
  expect(left).toEqual(["10.0.0.1 1"]);
});

test("an identity has its own bound, whatever its address", () => {
  const { busy, left } = counted();
  busy("a", "10.0.0.1", "terminal/1");
  busy("b", "10.0.0.2", "terminal/1");
  busy("c", "10.0.0.3", "terminal/1");
  busy("d", "10.0.0.1", "terminal/2");
  expect(left).toEqual(["c"]);
});

test("an identity has so many requests under way over all of its connections", () => {
  const { busy } = counted();
  const first = busy("a", "10.0.0.1", "terminal/1");
  const second = busy("b", "10.0.0.1", "terminal/1");
  expect([first?.begin(), second?.begin()]).toEqual([true, false]);
  first?.end();
  expect(second?.begin()).toBe(true);
});

test("what an identity makes the server hold is shared by its connections", () => {
  const { busy } = counted();
  const share = busy("a", "10.0.0.1", "terminal/1")?.held.share();
  const other = busy("b", "10.0.0.1", "terminal/1")?.held.share();
  expect([share?.set(60), other?.set(41), other?.set(40), share?.set(61)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  share?.set(0);
  expect(other?.set(100)).toBe(true);
});

test("who offends for too long loses the guilty connection; it is barred", async () => {
  const { accept, busy, left, clock } = counted();
  const offender = busy("a", "10.0.0.1", "terminal/1");
  busy("b", "10.0.0.2", "terminal/1");
  busy("c", "10.0.0.1", "terminal/2");
  for (let offence = 0; offence < 5; offence += 1) offender?.offence();
  expect(left).toEqual([]);
  offender?.offence();
  expect(left).toEqual(["a"]);
  accept("too early", "10.0.0.1")?.identify("terminal/1");
  expect(left).toEqual(["a", "too early"]);
  await clock.advance(1_000);
  accept("later", "10.0.0.1")?.identify("terminal/1");
  expect(left).toEqual(["a", "too early"]);
});

test("what was done before a quiet minute ends no connection with the guilty one", async () => {
  const { busy, left, clock } = counted();
  const honest = busy("honest", "10.0.0.2", "terminal/1");
  for (let day = 0; day < 6; day += 1) {
    honest?.offence();
    await clock.advance(86_400_000);
  }
  const offender = busy("a", "10.0.0.1", "terminal/1");
  for (let offence = 0; offence < 6; offence += 1) offender?.offence();
  expect(left).toEqual(["a"]);
});

test("who harms loses that connection at once and is barred, unless it carries others", () => {
  const { accept, busy, left } = counted({ bulk: "proxy/1" });
  busy("proxy", "10.0.0.3", "proxy/1")?.harm();
  const offender = busy("a", "10.0.0.1", "terminal/1");
  busy("b", "10.0.0.2", "terminal/1");
  offender?.harm();
  offender?.harm();
  accept("too early", "10.0.0.1")?.identify("terminal/1");
  expect(left).toEqual(["a", "too early"]);
});

test("an address shakes hands so often a second, and no other waits for it", async () => {
  const { accept, clock } = counted();
  const taken = Array.from({ length: 9 }, (_, index) => accept(`${index}`, "10.0.0.1"));
  expect(taken.map((one) => one !== undefined)).toEqual([...Array(8).fill(true), false]);
  expect(accept("other", "10.0.0.2")).toBeDefined();
  await clock.advance(1_000);
  expect(accept("later", "10.0.0.1")).toBeDefined();
});

test("who carries the calls of many has no bound but that of all", () => {
  const { busy, left } = counted({ bulk: "proxy/1" });
  const all = [1, 2, 3, 4, 5].map((n) => busy(`${n}`, `10.0.0.${n}`, "proxy/1"));
  expect(all.map((one) => one?.isBulk)).toEqual([true, true, true, true, true]);
  expect([1, 2, 3].map(() => all[0]?.begin())).toEqual([true, true, true]);
  for (let offence = 0; offence < 10; offence += 1) all[0]?.offence();
  expect(left).toEqual([]);
});

test("who does not greet, and who asks nothing for minutes, leaves", async () => {
  const { accept, clock, left } = counted();
  accept("silent", "10.0.0.1");
  accept("greeting", "10.0.0.1")?.greeted();
  const busy = accept("busy", "10.0.0.1");
  busy?.begin();
  await clock.advance(LIMITS.handshakeMsMax);
  expect(left).toEqual(["silent"]);
  await clock.advance(LIMITS.idleMsMax);
  expect(left).toEqual(["silent", "greeting"]);
  busy?.end();
  await clock.advance(LIMITS.idleMsMax);
  expect(left).toEqual(["silent", "greeting", "busy"]);
  expect(clock.pendingCount).toBe(0);
});
