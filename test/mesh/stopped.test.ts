import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Links } from "../../chaos/links.ts";
import { DEVELOPMENT_MESH } from "../../dev-mesh/development-keys.ts";
import type { InstanceName } from "../../dev-mesh/mesh-directory.ts";
import type { Mesh } from "../../dev-mesh/mesh-processes.ts";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { systemClock } from "../../mesh/clock.ts";
import { type MeshFixture, startTestMesh } from "./mesh-fixture.ts";
import { pay } from "./pay.ts";

/** Heartbeats are awaited here for as long as they are in earnest. */
const HALF_OPEN_TEST_MS = 90_000;

let fixture: MeshFixture;
let mesh: Mesh;
const links = new Links();

beforeAll(async () => {
  const via = (from: InstanceName, to: InstanceName | "postgres", address: string) =>
    links.via(from, to, address);
  fixture = await startTestMesh({ isPaired: true, via });
  mesh = fixture.mesh;
});

afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
  await links[Symbol.asyncDispose]();
});

const logOf = (name: InstanceName) => readFileSync(mesh.directory.logOf(name), "utf8");

async function msUntilEnded(name: InstanceName) {
  const startedAtMs = systemClock.monotonicMs();
  const { exitCode } = await mesh.program(name).stop();
  return { exitCode, durationMs: systemClock.monotonicMs() - startedAtMs };
}

test.each([
  { stopped: ["processor"] },
  { stopped: ["processor-2", "processor"] },
  { stopped: ["relay"] },
  { stopped: ["relay-2", "relay"] },
] as const)("SIGTERM: $stopped end in good order, although clients are connected", async (row) => {
  const { report } = await payAgainAndAgain();
  expect(report.state).toBe(PaymentState.APPROVED);
  const ends: unknown[] = [];
  for (const name of row.stopped) ends.push(await msUntilEnded(name));
  for (const name of row.stopped) await mesh.program(name).restart();
  const inGoodOrder = { exitCode: 0, durationMs: expect.toSatisfy((ms: number) => ms < 6_000) };
  expect(ends).toEqual(row.stopped.map(() => inGoodOrder));
});

test("a processor that is stopped during a payment answers it, or the other one does", async () => {
  const { merchantId } = DEVELOPMENT_MESH;
  const balance = async () =>
    await mesh.clients.processorRegistry.getBalance({ merchantId, currency: 978 });
  const before = await balance();
  const stopped = Promise.withResolvers<unknown>();
  const { report } = await pay(mesh, {
    onEvent: (event) => {
      if (event.case !== "recorded") return;
      void mesh.program("processor-2").stop().then(stopped.resolve);
    },
  });
  expect(await stopped.promise).toMatchObject({ exitCode: 0 });
  await mesh.program("processor-2").restart();
  expect(report.state).toBe(PaymentState.APPROVED);
  const after = await balance();
  expect(after.balanceMinor - before.balanceMinor).toBe(1_250n);
});

test(
  "a half-open connection is noticed within 30 s, and payments go another way meanwhile",
  async () => {
    const [relay, over] = ["relay", "stream to the processor is over"] as const;
    const overBefore = logOf(relay).split(over).length;
    links.find("relay → processor").halfOpen();
    links.find("relay-2 → processor").halfOpen();
    const startedAtMs = systemClock.monotonicMs();
    const { report } = await payAgainAndAgain();
    expect(report.state).toBe(PaymentState.APPROVED);
    await vi.waitFor(() => expect(logOf(relay).split(over).length).toBeGreaterThan(overBefore), {
      timeout: 60_000,
      interval: 200,
    });
    expect(systemClock.monotonicMs() - startedAtMs).toBeLessThan(30_000);
    links.heal();
    expect((await payAgainAndAgain()).report.state).toBe(PaymentState.APPROVED);
  },
  HALF_OPEN_TEST_MS,
);

/** Until the terminal has a way to a relay again. */
async function payAgainAndAgain() {
  return await vi.waitFor(async () => await pay(mesh), { timeout: 60_000, interval: 500 });
}
