import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { DeviceState } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import type { ReaderSerial } from "../../payment/identifiers.ts";
import { nodeCurves } from "../../sealing/curves/node-curves.ts";
import { ForwardClock, TestBed, type TestRelay } from "../../test/fixtures/relay-bed.ts";
import { Database } from "../database.ts";
import { Registry } from "./registry.ts";
import { RegistryStore } from "./registry-store.ts";

const FRESH_MS = 5_000;
const SERIAL = "R-WATCHED" as ReaderSerial;

let bed: TestBed;
let other: TestRelay;

beforeAll(async () => {
  bed = await TestBed.start();
  other = await bed.startRelay();
});
afterAll(() => bed[Symbol.asyncDispose]());

/** A registry that nothing is told; `other` and SQL change what it reads. */
async function openRegistry() {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(new Database(bed.databaseUrl));
  const store = new RegistryStore(database);
  const clock = new ForwardClock();
  const roots = bed.keys.trustedRoots;
  const registry = new Registry(store, nodeCurves, roots, clock);
  const moved = stack.move();
  return { store, clock, registry, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

async function register(
  serials: readonly string[],
  state: DeviceState = DeviceState.ACTIVE,
): Promise<void> {
  const { merchantId } = bed.keys.terminal;
  const readers = serials.map((serial) => {
    const { certificate } = bed.keys.anotherReader(serial);
    return { certificate, merchantId, state };
  });
  await other.registry.registerReaders({ readers });
}

test.each([
  {
    name: "suspended through another relay",
    change: () => register([SERIAL], DeviceState.SUSPENDED),
    state: "SUSPENDED",
  },
  {
    name: "suspended by hand",
    change: () => bed.query("UPDATE reader SET state = 'SUSPENDED'"),
    state: "SUSPENDED",
  },
  { name: "deleted", change: () => bed.query("DELETE FROM reader"), state: undefined },
  { name: "gone with all of them", change: () => bed.query("TRUNCATE reader"), state: undefined },
])("a reader is as it was for five seconds after it was $name", async ({ change, state }) => {
  await register([SERIAL]);
  await using bench = await openRegistry();
  const { clock, registry } = bench;
  expect((await registry.reader(SERIAL))?.state).toBe("ACTIVE");
  await change();
  expect((await registry.reader(SERIAL))?.state).toBe("ACTIVE");
  clock.putForward(FRESH_MS);
  expect((await registry.reader(SERIAL))?.state).toBe(state);
});

test("a reader that was not known is, five seconds after it was registered elsewhere", async () => {
  await bed.query("DELETE FROM reader");
  await using bench = await openRegistry();
  const { clock, registry } = bench;
  expect(await registry.reader(SERIAL)).toBeUndefined();
  await register([SERIAL]);
  expect(await registry.reader(SERIAL)).toBeUndefined();
  clock.putForward(FRESH_MS);
  expect((await registry.reader(SERIAL))?.state).toBe("ACTIVE");
});

test("while nothing changes many readers cost one small query in five seconds", async () => {
  const serials = Array.from({ length: 20 }, (_, index) => `R-MANY-${index}` as ReaderSerial);
  await register(serials);
  await using bench = await openRegistry();
  const { store, clock, registry } = bench;
  const reads = vi.spyOn(store, "findReaders");
  const questions = vi.spyOn(store, "revision");
  for (let round = 0; round < 3; round += 1) {
    const found = await Promise.all(serials.map((serial) => registry.reader(serial)));
    expect(found.map((reader) => reader?.serial)).toEqual(serials);
    clock.putForward(FRESH_MS);
  }
  expect(reads).toHaveBeenCalledOnce();
  expect(questions).toHaveBeenCalledTimes(3);
});

test("a certificate ends though nothing changes", async () => {
  await register([SERIAL]);
  await using bench = await openRegistry();
  const { clock, registry } = bench;
  const { checked } = (await registry.reader(SERIAL)) ?? {};
  const leftMs = Number(checked?.wire.notAfterMs) - clock.nowMs();
  expect(leftMs).toBeGreaterThan(0);
  clock.putForward(leftMs + 1);
  expect(await registry.reader(SERIAL)).toMatchObject({ serial: SERIAL, checked: undefined });
});
