import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DEVELOPMENT_MESH } from "../../dev-mesh/development-keys.ts";
import type { Mesh } from "../../dev-mesh/mesh-processes.ts";
import { Certainty, NextStep, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { DeviceState } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { systemClock } from "../../mesh/clock.ts";
import { paymentIdFromBytes } from "../../payment/identifiers.ts";
import { PaymentSigner } from "../fixtures/reader-payment.ts";
import { present } from "../fixtures/relay-bed.ts";
import { TestTerminal } from "../fixtures/test-terminal.ts";
import { type MeshFixture, startTestMesh } from "./mesh-fixture.ts";
import { pay } from "./pay.ts";
import { rogueChannel } from "./rogue-terminal.ts";

/** Ten times of what may be open on one stream. */
const PAYMENTS = 2_560;
const RECOVERY_MS_MAX = 10_000;
const OVERLOAD_TEST_MS = 120_000;

let fixture: MeshFixture;
let mesh: Mesh;

beforeAll(async () => {
  fixture = await startTestMesh();
  mesh = fixture.mesh;
});

afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

async function newSigner(serial: string): Promise<PaymentSigner> {
  const reader = fixture.keys.anotherReader(serial);
  const { merchantId } = DEVELOPMENT_MESH;
  const state = DeviceState.ACTIVE;
  const readers = [{ certificate: reader.certificate, merchantId, state }];
  await mesh.clients.processorRegistry.registerReaders({ readers });
  await mesh.clients.relayRegistry.registerReaders({ readers });
  return new PaymentSigner({ keys: fixture.keys, nowMs: () => systemClock.nowMs(), reader });
}

async function recordedIds(): Promise<ReadonlySet<string>> {
  const client = new pg.Client(mesh.postgres.connectionOptions("relay"));
  await client.connect();
  const { rows } = await client.query<{ payment_id: string }>("SELECT payment_id FROM record");
  await client.end();
  return new Set(rows.map(({ payment_id }) => payment_id));
}

test(
  "ten times too much is refused before it is recorded; others pay, and soon all can again",
  async () => {
    const signer = await newSigner("GREEDY-0001");
    const payments = Array.from({ length: PAYMENTS }, () => signer.sign({ pin: null }));
    using channel = rogueChannel(mesh.addresses.relay);
    const greedy = new TestTerminal(channel);
    for (const { signed } of payments) greedy.submit(signed);
    const { report: meanwhile } = await pay(mesh);
    expect(meanwhile.state).toBe(PaymentState.APPROVED);
    await greedy.until(() => greedy.recorded.length + greedy.refused.length === PAYMENTS);
    const endedAtMs = systemClock.monotonicMs();

    const refused = greedy.refused.map(({ fault }) => fault);
    expect(refused.length).toBeGreaterThan(PAYMENTS / 10);
    const says = { code: "OVERLOADED", certainty: Certainty.FINAL, retryAfterMs: 1_000 };
    const asked = { ...says, nextStep: NextStep.RETRY_SAME_ID };
    expect(refused.filter((fault) => fault?.code !== "OVERLOADED")).toEqual([]);
    expect(refused[0]).toMatchObject(asked);

    const known = await recordedIds();
    const ids = greedy.refused.map(({ paymentId }) => paymentIdFromBytes(paymentId));
    expect(ids.filter((id) => known.has(id))).toEqual([]);

    const { paymentId, signed } = present(payments.find((one) => ids.includes(one.paymentId)));
    await greedy.until(() => greedy.completed.length >= greedy.recorded.length);
    greedy.submit(signed);
    await greedy.completedAs(paymentId, PaymentState.APPROVED);
    expect(systemClock.monotonicMs() - endedAtMs).toBeLessThan(RECOVERY_MS_MAX);
    greedy.close();
  },
  OVERLOAD_TEST_MS,
);
