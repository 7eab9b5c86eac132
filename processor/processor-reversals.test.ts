import { afterAll, beforeAll, expect, test } from "vitest";
import { Outcome } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { DeviceState } from "../gen/cardlane/relay/v1/relay_pb.ts";
import { parseMerchantId } from "../payment/identifiers.ts";
import { tombstoneDigest } from "../sealing/boxes/signed-result.ts";
import { sign as signBody } from "../sealing/keys/dsse.ts";
import { inWords, PlayingRelay } from "../test/fixtures/playing-relay.ts";
import { type ProcessorMesh, startProcessorMesh } from "../test/fixtures/processor-mesh.ts";

let mesh: ProcessorMesh;

beforeAll(async () => {
  mesh = await startProcessorMesh();
});
afterAll(() => mesh[Symbol.asyncDispose]());

async function merchantBalance() {
  const { merchantId } = mesh.keys.terminal;
  return await mesh.registry.getBalance({ merchantId, currency: 978 });
}

test("a reversal undoes, is repeated, and leaves what is acknowledged", async () => {
  const payment = mesh.signer.sign();
  await mesh.relay.authorize(payment);
  const before = await merchantBalance();
  const order = mesh.relay.reverseOf(payment);
  const reversed = await mesh.relay.reverse(order);
  expect(reversed.result).toMatchObject({
    outcome: Outcome.REVERSED,
    revision: 2,
    approvedAmountMinor: 0n,
    contextDigest: payment.contextDigest,
  });
  expect(await mesh.relay.reverse(order)).toEqual(reversed);
  expect((await merchantBalance()).balanceMinor).toBe(before.balanceMinor - 1_250n);

  const kept = mesh.signer.sign();
  await mesh.relay.authorize(kept);
  await mesh.relay.acknowledge(kept, 1);
  expect(await acknowledgedRevision(kept.paymentId)).toBe(1);
  expect(inWords(await mesh.relay.reverse(mesh.relay.reverseOf(kept)))).toBe("APPROVED 00");
});

test("an acknowledgement of what the ledger lacks is confirmed, and changes nothing", async () => {
  const payment = mesh.signer.sign();
  await mesh.relay.acknowledge(payment, 1);
  expect(await acknowledgedRevision(payment.paymentId)).toBe(undefined);
  await mesh.relay.authorize(payment);
  await mesh.relay.acknowledge(payment, 2);
  expect(await acknowledgedRevision(payment.paymentId)).toBe(0);
  await mesh.relay.acknowledge(payment, 1);
  await mesh.relay.acknowledge(payment, 1);
  expect(await acknowledgedRevision(payment.paymentId)).toBe(1);
});

async function acknowledgedRevision(paymentId: string): Promise<number | undefined> {
  const text = "SELECT acknowledged_revision FROM processor.payment WHERE payment_id = $1";
  const [row] = await mesh.query(text, [paymentId]);
  return row?.acknowledged_revision;
}

test("the answer of a tombstone is bound to what the reader signed", async () => {
  const payment = mesh.signer.sign();
  const { result } = await mesh.relay.reverse(mesh.relay.reverseOf(payment));
  expect(result).toMatchObject({
    outcome: Outcome.REVERSED,
    revision: 1,
    contextDigest: payment.contextDigest,
    currency: 978,
    readerSerial: mesh.signer.reader.serial,
    merchantId: mesh.keys.terminal.merchantId,
  });
  expect((await mesh.relay.authorize(payment)).result).toEqual(result);
});

test("the answer of a tombstone for bytes that nobody saw names payment and merchant", async () => {
  const payment = mesh.signer.sign();
  const merchantId = parseMerchantId(mesh.keys.terminal.merchantId);
  const { paymentId } = payment;
  const unknown = { digest: new Uint8Array(64), context: new Uint8Array() };
  const order = mesh.relay.reverseOf(payment, unknown);
  const elsewhere = mesh.relay.reverseOf(payment, { ...unknown, merchantId: "ANOTHERSHOP0001" });
  const { result } = await mesh.relay.reverse(order);
  expect(result).toMatchObject({
    outcome: Outcome.REVERSED,
    contextDigest: tombstoneDigest({ paymentId, merchantId }),
    merchantId,
  });
  const other = await mesh.relay.reverse(elsewhere);
  expect(other.result?.merchantId).toBe("ANOTHERSHOP0001");
  expect(other.result?.contextDigest).not.toEqual(result?.contextDigest);
  expect((await mesh.relay.authorize(payment)).result).toEqual(result);
});

test.each([
  { name: "another relay's id", fields: { relayId: "B2" }, code: "NOT_PERMITTED" },
  {
    name: "a digest of a wrong length",
    fields: { digest: new Uint8Array(63) },
    code: "MALFORMED_REQUEST",
  },
  {
    name: "another payment's context",
    fields: { context: new Uint8Array() },
    code: "MALFORMED_REQUEST",
  },
  { name: "a version that is not known", fields: { version: 2 }, code: "MALFORMED_REQUEST" },
])("refuses a reversal with $name", async ({ fields, code }) => {
  const order = mesh.relay.reverseOf(mesh.signer.sign(), fields);
  expect(inWords(await mesh.relay.reverse(order))).toBe(code);
});

test("refuses a reversal that somebody else signed", async () => {
  const order = mesh.relay.reverseOf(mesh.signer.sign());
  const signature = signBody("reverse", order.reverse, mesh.signer.reader.signing);
  expect(inWords(await mesh.relay.reverse({ ...order, signature }))).toBe("SIGNATURE_REJECTED");
});

test("another relay can neither submit nor reverse what is not its own", async () => {
  const relay = mesh.keys.anotherRelay("B2");
  await using stranger = new PlayingRelay({
    keys: mesh.keys,
    address: mesh.processorAddress,
    relay,
  });
  const payment = mesh.signer.sign();
  expect(inWords(await stranger.authorize(payment))).toBe("NOT_PERMITTED");
  await mesh.registry.registerRelays({
    relays: [{ certificate: relay.certificate, state: DeviceState.ACTIVE }],
  });
  expect(inWords(await mesh.relay.authorize(payment))).toBe("APPROVED 00");
  expect(inWords(await stranger.authorize(payment))).toBe("OWNED_ELSEWHERE");
  expect(inWords(await stranger.reverse(stranger.reverseOf(payment)))).toBe("OWNED_ELSEWHERE");
});
