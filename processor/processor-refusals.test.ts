import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DelegatedManifestSchema } from "../gen/cardlane/keys/v1/keys_pb.ts";
import { PaymentContextSchema, PaymentKind } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { ProcessorService } from "../gen/cardlane/processor/v1/processor_pb.ts";
import { DeviceState } from "../gen/cardlane/relay/v1/relay_pb.ts";
import { dial } from "../mesh/client/dial.ts";
import { systemClock } from "../mesh/clock.ts";
import { withOneBitFlipped } from "../sealing/testing/one-bit-flipped.ts";
import { inWords, PlayingRelay } from "../test/fixtures/playing-relay.ts";
import { type ProcessorMesh, startProcessorMesh } from "../test/fixtures/processor-mesh.ts";
import {
  PaymentSigner,
  type PaymentWishes,
  type ReaderSigned,
} from "../test/fixtures/reader-payment.ts";

let mesh: ProcessorMesh;

beforeAll(async () => {
  mesh = await startProcessorMesh();
});
afterAll(() => mesh[Symbol.asyncDispose]());

const pay = async (wishes: PaymentWishes = {}) =>
  inWords(await mesh.relay.authorize(mesh.signer.sign(wishes)));

async function merchantBalance() {
  const { merchantId } = mesh.keys.terminal;
  return await mesh.registry.getBalance({ merchantId, currency: 978 });
}

test.each<{ name: string; wishes: PaymentWishes; code: string }>([
  { name: "an amount of 0", wishes: { totalMinor: 0n }, code: "AMOUNT_OUT_OF_RANGE" },
  {
    name: "an amount of 13 digits",
    wishes: { totalMinor: 1_000_000_000_000n },
    code: "AMOUNT_OUT_OF_RANGE",
  },
  {
    name: "a currency that the merchant does not take",
    wishes: { context: { currency: 756 } },
    code: "CURRENCY_NOT_ACCEPTED",
  },
  {
    name: "a currency that is none",
    wishes: { context: { currency: 1 } },
    code: "CURRENCY_NOT_ACCEPTED",
  },
  {
    name: "a card key that is not the processor's",
    wishes: { context: { cardKeyId: new Uint8Array(8) } },
    code: "KEY_NOT_VALID",
  },
  {
    name: "card data with a bad card number",
    wishes: { cardData: { pan: "4242424242424241" }, pin: null },
    code: "SEALED_DATA_REJECTED",
  },
  {
    name: "a reader serial that is not the certificate's",
    wishes: { context: { readerSerial: "SIM-0002" } },
    code: "MALFORMED_REQUEST",
  },
  {
    name: "a terminal that is not the certificate's",
    wishes: { context: { terminalId: "TILL0002" } },
    code: "NOT_PERMITTED",
  },
  {
    name: "a merchant that is not the certificate's",
    wishes: { context: { merchantId: "OTHERMERCHANT01" } },
    code: "NOT_PERMITTED",
  },
  {
    name: "a counter of 2^63",
    wishes: { context: { counter: 2n ** 63n } },
    code: "MALFORMED_REQUEST",
  },
  {
    name: "an offline sale",
    wishes: { context: { kind: PaymentKind.OFFLINE_SALE } },
    code: "NOT_SUPPORTED",
  },
  {
    name: "a deferred sale",
    wishes: { context: { kind: PaymentKind.DEFERRED_SALE } },
    code: "NOT_SUPPORTED",
  },
])("refuses $name with $code and posts nothing", async ({ wishes, code }) => {
  const before = await merchantBalance();
  expect(await pay(wishes)).toBe(code);
  expect(await merchantBalance()).toEqual(before);
});

test("refuses what comes too late with DEADLINE_EXCEEDED, not what it decided", async () => {
  const payment = mesh.signer.sign();
  const before = await merchantBalance();
  expect(inWords(await mesh.relay.authorize(payment, { timeLeftMs: 0 }))).toBe("DEADLINE_EXCEEDED");
  expect(await merchantBalance()).toEqual(before);
  expect(inWords(await mesh.relay.authorize(payment))).toBe("APPROVED 00");
  expect(inWords(await mesh.relay.authorize(payment, { timeLeftMs: 0 }))).toBe("APPROVED 00");
});

test("refuses one flipped bit in every byte of what the reader signed", async () => {
  const payment = mesh.signer.sign();
  const { readerPayment, signature } = payment.signed;
  const changed = withOneBitFlipped(readerPayment).map((bytes) => ({
    ...payment,
    signed: { ...payment.signed, readerPayment: bytes },
  }));
  const resigned = withOneBitFlipped(signature).map((bytes) => ({
    ...payment,
    signed: { ...payment.signed, signature: bytes },
  }));
  const before = await merchantBalance();
  const codes = new Set<string>();
  for (const some of inHundreds([...changed, ...resigned])) {
    const answers = await Promise.all(mesh.relay.authorizeAll(some));
    for (const { fault } of answers) codes.add(fault?.code ?? "a result");
  }
  expect(codes).toContain("SIGNATURE_REJECTED");
  expect(codes).not.toContain("a result");
  expect(await merchantBalance()).toEqual(before);
  expect(inWords(await mesh.relay.authorize(payment))).toBe("APPROVED 00");
});

test("refuses a card box that was sealed for another payment", async () => {
  const [first, second] = [mesh.signer.sign({ pin: null }), mesh.signer.sign({ pin: null })];
  const swapped = mesh.signer.withCardBoxOf(first, second);
  expect(inWords(await mesh.relay.authorize(swapped))).toBe("SEALED_DATA_REJECTED");
});

test.each([
  { name: "a message type of another kind", fields: { messageType: 100 } },
  { name: "another way of reading", fields: { posEntryMode: "901" } },
  {
    name: "a record number with a wrong check character",
    fields: { recordNumber: "A1000000000X" },
  },
  { name: "no payment", fields: { payment: undefined } },
])("refuses $name", async ({ fields }) => {
  const played = await mesh.relay.authorize(mesh.signer.sign(), fields);
  expect(inWords(played)).toBe("MALFORMED_REQUEST");
});

test("a reader that is not registered is refused, once it is registered it is served", async () => {
  const reader = mesh.keys.anotherReader("SIM-0002");
  const signer = new PaymentSigner({ keys: mesh.keys, nowMs: () => systemClock.nowMs(), reader });
  expect(inWords(await mesh.relay.authorize(signer.sign()))).toBe("READER_UNKNOWN");
  const { merchantId } = mesh.keys.terminal;
  const registration = { certificate: reader.certificate, merchantId };
  await mesh.registry.registerReaders({
    readers: [{ ...registration, state: DeviceState.ACTIVE }],
  });
  expect(inWords(await mesh.relay.authorize(signer.sign()))).toBe("APPROVED 00");
  await mesh.registry.registerReaders({
    readers: [{ ...registration, state: DeviceState.RETIRED }],
  });
  expect(inWords(await mesh.relay.authorize(signer.sign()))).toBe("READER_NOT_ACTIVE");
  const again = { ...registration, state: DeviceState.ACTIVE };
  await expect(mesh.registry.registerReaders({ readers: [again] })).rejects.toThrow(
    "reader SIM-0002 is retired, for ever",
  );
  expect(inWords(await mesh.relay.authorize(signer.sign()))).toBe("READER_NOT_ACTIVE");
});

test.each([
  {
    name: "a hop key that is not the processor's",
    box: { processorKeyId: new Uint8Array(8) },
    code: "KEY_NOT_VALID",
  },
  { name: "an unknown relay", box: { relayKeyId: new Uint8Array(8) }, code: "NOT_PERMITTED" },
  {
    name: "bytes that are no box",
    box: { sealed: new Uint8Array(200) },
    code: "SEALED_DATA_REJECTED",
  },
])("refuses a box with $name as a whole", async ({ box, code }) => {
  await using relay = new PlayingRelay({ keys: mesh.keys, address: mesh.processorAddress });
  relay.send({ acknowledgements: [{ revision: 1 }] }, box);
  await relay.close();
  expect(relay.refused.map((fault) => fault.code)).toEqual([code]);
});

test("an empty box and one with 257 entries are refused", async () => {
  await using relay = new PlayingRelay({ keys: mesh.keys, address: mesh.processorAddress });
  relay.send({});
  relay.send({ acknowledgements: Array.from({ length: 257 }, () => ({ revision: 1 })) });
  await relay.close();
  expect(relay.refused.map(({ message }) => message)).toEqual([
    "box must hold 1 to 256, got 0",
    "box must hold 1 to 256, got 257",
  ]);
});

test("gives its manifest to whoever has another", async () => {
  using channel = dial({
    targets: [mesh.processorAddress],
    services: [ProcessorService],
    clock: systemClock,
  });
  const client = channel.client(ProcessorService);
  const { manifest } = await client.getManifest({ haveNumber: 0n });
  expect(toBinary(DelegatedManifestSchema, manifest ?? create(DelegatedManifestSchema))).toEqual(
    toBinary(DelegatedManifestSchema, mesh.keys.delegatedManifest),
  );
  expect(
    (await client.getManifest({ haveNumber: mesh.keys.manifest.number })).manifest,
  ).toBeUndefined();
});

function inHundreds(payments: readonly ReaderSigned[]): readonly (readonly ReaderSigned[])[] {
  const count = Math.ceil(payments.length / 100);
  return Array.from({ length: count }, (_, index) =>
    payments.slice(index * 100, (index + 1) * 100),
  );
}

test.each<{ name: string; wishes: PaymentWishes; code: string }>([
  {
    name: "came too late",
    wishes: { context: { submitBeforeMs: 1n } },
    code: "SUBMITTED_TOO_LATE",
  },
  {
    name: "is in a currency that the merchant does not take",
    wishes: { context: { currency: 756 } },
    code: "CURRENCY_NOT_ACCEPTED",
  },
  {
    name: "repeats a payment that is not there",
    wishes: { context: { previousPaymentId: new Uint8Array(16).fill(7) } },
    code: "WRONG_STATE",
  },
])("a wrong PIN of a payment that $name costs no try", async ({ wishes, code }) => {
  const card = "discover";
  for (let times = 0; times < 3; times += 1) {
    expect(await pay({ ...wishes, card, pin: "9999" })).toBe(code);
  }
  expect(await pay({ card })).toBe("APPROVED 00");
});

test("a wrong PIN under a counter that was used costs no try", async () => {
  const card = "diners";
  const used = mesh.signer.sign({ card });
  expect(inWords(await mesh.relay.authorize(used))).toBe("APPROVED 00");
  const { counter } = fromBinary(PaymentContextSchema, used.contextBytes);
  for (let times = 0; times < 3; times += 1) {
    expect(await pay({ context: { counter }, card, pin: "9999" })).toBe("COUNTER_REUSED");
  }
  const { merchantId } = mesh.keys.terminal;
  const { certificate } = mesh.keys.reader;
  await mesh.registry.registerReaders({
    readers: [{ certificate, merchantId, state: DeviceState.ACTIVE }],
  });
  expect(await pay({ card })).toBe("APPROVED 00");
});
