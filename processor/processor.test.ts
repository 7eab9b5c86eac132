import { afterAll, beforeAll, expect, test } from "vitest";
import {
  EntryMode,
  Outcome,
  PaymentKind,
  Verification,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import { Health, HealthCheckResponse_ServingStatus } from "../gen/health/v1/health_pb.ts";
import { dial } from "../mesh/client/dial.ts";
import { systemClock } from "../mesh/clock.ts";
import { paymentIdToBytes } from "../payment/identifiers.ts";
import { inWords, PlayingRelay } from "../test/fixtures/playing-relay.ts";
import { type ProcessorMesh, startProcessorMesh } from "../test/fixtures/processor-mesh.ts";
import type { PaymentWishes } from "../test/fixtures/reader-payment.ts";

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

test("a sale with a PIN is approved, posted once and answered with a signed result", async () => {
  const before = await merchantBalance();
  const payment = mesh.signer.sign();
  const { result } = await mesh.relay.authorize(payment);
  expect(result).toMatchObject({
    version: 1,
    paymentId: paymentIdToBytes(payment.paymentId),
    revision: 1,
    recordNumber: mesh.relay.recordNumberOf(payment),
    contextDigest: payment.contextDigest,
    outcome: Outcome.APPROVED,
    responseCode: "00",
    approvedAmountMinor: 1_250n,
    currency: 978,
    lastFour: "4242",
    scheme: "VISA",
    readerSerial: mesh.signer.reader.serial,
    merchantId: mesh.keys.terminal.merchantId,
    simulatedBecause: "",
  });
  expect(result?.approvalCode).toMatch(/^[2-9A-Z]{6}$/);
  expect(result?.retrievalReference).toMatch(/^\d{12}$/);
  expect(result?.settlementDate).toBeGreaterThan(20_260_000);
  const after = await merchantBalance();
  expect(after.balanceMinor - before.balanceMinor).toBe(1_250n);
  expect(after.recomputedMinor).toBe(after.balanceMinor);
  expect(after.postings - before.postings).toBe(1n);
});

test("a repeat gets the same signed bytes and posts nothing", async () => {
  const payment = mesh.signer.sign();
  const first = await mesh.relay.authorize(payment);
  const before = await merchantBalance();
  const [again, together] = await Promise.all(
    mesh.relay.authorizeAll([payment, payment], { messageType: 201 }),
  );
  expect(again).toEqual(first);
  expect(together).toEqual(first);
  expect(await merchantBalance()).toEqual(before);
});

test("many payments in one box each get their own answer", async () => {
  const cards = ["visa", "charge_declined", "mastercard", "charge_declined_expired_card", "amex"];
  const payments = cards.map((card) => mesh.signer.sign({ card }));
  const answers = await Promise.all(mesh.relay.authorizeAll(payments));
  expect(answers.map(inWords)).toEqual([
    "APPROVED 00",
    "DECLINED 05",
    "APPROVED 00",
    "DECLINED 54",
    "APPROVED 00",
  ]);
});

/** Whether the boxes that brought these answers were signed as a whole, and rightly. */
async function boxSignaturesOf(
  payments: readonly ReturnType<typeof mesh.signer.sign>[],
): Promise<readonly boolean[]> {
  await using relay = new PlayingRelay({ keys: mesh.keys, address: mesh.processorAddress });
  await Promise.all(relay.authorizeAll(payments));
  return relay.boxSignatures;
}

test("results of one box are signed together, and only when they were just made", async () => {
  const payments = [1, 2, 3].map(() => mesh.signer.sign({ pin: null }));
  expect(await boxSignaturesOf(payments)).toEqual([true]);
  // These are read from the database, where somebody else may have written.
  expect(await boxSignaturesOf(payments)).toEqual([]);
  const fresh = [1, 2].map(() => mesh.signer.sign({ pin: null }));
  expect(await boxSignaturesOf([...fresh, ...payments])).toEqual([]);
});

test("one result, and one beside a fault, have their own signature alone", async () => {
  const foreign = mesh.signer.sign({ pin: null, context: { currency: 392 } });
  expect(await boxSignaturesOf([mesh.signer.sign({ pin: null })])).toEqual([]);
  expect(await boxSignaturesOf([mesh.signer.sign({ pin: null }), foreign])).toEqual([]);
});

test("results of one box of reversals are signed together", async () => {
  const payments = [1, 2, 3].map(() => mesh.signer.sign({ pin: null }));
  await using relay = new PlayingRelay({ keys: mesh.keys, address: mesh.processorAddress });
  const entries = payments.map((payment, index) => ({
    requestNumber: BigInt(index + 1),
    messageType: 400,
    reverse: relay.reverseOf(payment),
  }));
  relay.send({ reversals: entries });
  await relay.close();
  expect(relay.boxSignatures).toEqual([true]);
});

const tap: PaymentWishes["context"] = { entryMode: EntryMode.CONTACTLESS };

test.each<{ name: string; wishes: PaymentWishes; word: string }>([
  {
    name: "an authorization",
    wishes: { context: { kind: PaymentKind.AUTHORIZATION } },
    word: "APPROVED 00",
  },
  {
    name: "a refund with the card",
    wishes: { context: { kind: PaymentKind.REFUND } },
    word: "APPROVED 00",
  },
  {
    name: "a refund to refund_fail",
    wishes: { card: "refund_fail", context: { kind: PaymentKind.REFUND } },
    word: "DECLINED 57",
  },
  { name: "a blocked card", wishes: { card: "charge_declined" }, word: "DECLINED 05" },
  {
    name: "a card without money",
    wishes: { card: "charge_declined_insufficient_funds" },
    word: "DECLINED 51",
  },
  { name: "a lost card", wishes: { card: "charge_declined_lost_card" }, word: "DECLINED 41" },
  { name: "a stolen card", wishes: { card: "charge_declined_stolen_card" }, word: "DECLINED 43" },
  {
    name: "an expired card",
    wishes: { card: "charge_declined_expired_card" },
    word: "DECLINED 54",
  },
  {
    name: "a card that fails",
    wishes: { card: "charge_declined_processing_error" },
    word: "DECLINED 96",
  },
  {
    name: "a card that nobody knows",
    wishes: { cardData: { pan: "4111111111111111" }, pin: null },
    word: "DECLINED 14",
  },
  { name: "a wrong PIN", wishes: { card: "visa_debit", pin: "4321" }, word: "DECLINED 55" },
  { name: "a tap with PIN", wishes: { card: "online_pin_cvm", context: tap }, word: "APPROVED 00" },
  {
    name: "a tap without PIN where one is needed",
    wishes: { card: "online_pin_sca_retry", pin: null, context: tap },
    word: "DECLINED 1A",
  },
  {
    name: "a PIN checked by the chip",
    wishes: {
      card: "offline_pin_cvm",
      pin: null,
      context: { verification: Verification.OFFLINE_PIN },
    },
    word: "APPROVED 00",
  },
  {
    name: "an amount like a code, where nobody asked for it",
    wishes: { totalMinor: 1_051n },
    word: "APPROVED 00",
  },
])("$name gets $word", async ({ wishes, word }) => {
  expect(await pay(wishes)).toBe(word);
});

test("a balance enquiry answers what is left and posts nothing", async () => {
  const before = await merchantBalance();
  const payment = mesh.signer.sign({
    card: "interac",
    totalMinor: 0n,
    context: { kind: PaymentKind.BALANCE_ENQUIRY },
  });
  const { result } = await mesh.relay.authorize(payment);
  expect(result).toMatchObject({
    responseCode: "00",
    approvedAmountMinor: 0n,
    settlementDate: 0,
    balanceMinor: 1_000_000_000_000n,
  });
  expect(await merchantBalance()).toEqual(before);
});

test("three wrong PINs, then the right one comes too late", async () => {
  const words: string[] = [];
  for (const pin of ["0000", "0001", "0002", "1234"]) {
    words.push(await pay({ card: "diners_14digits", pin }));
  }
  expect(words).toEqual(["DECLINED 55", "DECLINED 55", "DECLINED 75", "DECLINED 75"]);
});

test("a wrong PIN is tried again under a new id that names the first", async () => {
  const first = mesh.signer.sign({ card: "mastercard_debit", pin: "0000" });
  expect(inWords(await mesh.relay.authorize(first))).toBe("DECLINED 55");
  const context = { previousPaymentId: paymentIdToBytes(first.paymentId) };
  expect(await pay({ card: "mastercard_debit", context })).toBe("APPROVED 00");
  expect(await pay({ card: "mastercard_debit", context, totalMinor: 1n })).toBe("WRONG_STATE");
});

test("amounts choose the outcome where the merchant asked for it", async () => {
  await using simulating = await startProcessorMesh({ simulateByAmount: true });
  const { relay, signer } = simulating;
  const declined = await relay.authorize(signer.sign({ totalMinor: 1_051n }));
  expect(declined.result).toMatchObject({
    outcome: Outcome.DECLINED,
    responseCode: "51",
    simulatedBecause: "amount suffix 51",
  });
  const silent = signer.sign({ totalMinor: 1_069n });
  const approved = signer.sign();
  const [, answer] = relay.authorizeAll([silent, approved]);
  expect((await answer)?.result?.responseCode).toBe("00");
  const { result } = await relay.reverse(relay.reverseOf(silent));
  expect(result?.outcome).toBe(Outcome.REVERSED);
});

test("says that it serves once it reaches the PIN service", async () => {
  using channel = dial({
    targets: [mesh.processorAddress],
    services: [Health],
    clock: systemClock,
  });
  const service = "cardlane.processor.v1.ProcessorService";
  const health = channel.client(Health);
  await expect
    .poll(async () => (await health.check({ service })).status)
    .toBe(HealthCheckResponse_ServingStatus.SERVING);
});
