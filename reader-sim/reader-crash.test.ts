import { expect, test } from "vitest";
import type { SignedPayment } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { silentLog } from "../mesh/log.ts";
import type { CrashMoment } from "../mesh/testing/memory-files.ts";
import { parseReaderPayment } from "../payment/payment-context.ts";
import { nodeCurves as curves } from "../sealing/curves/node-curves.ts";
import { digest } from "../sealing/keys/dsse.ts";
import { openPinBox } from "../sealing/open/boxes.ts";
import type { FakeTerminal } from "../test/fixtures/fake-terminal.ts";
import { prepareOf, ReaderBench } from "../test/fixtures/reader-bench.ts";

/** What a payment with a PIN writes, in this order, each synced before the next is done. */
const durableSteps = ["PIN key register", "counter", "signed bytes"];
const moments: readonly CrashMoment[] = ["before it is synced", "after it is synced"];
const crashes = durableSteps.flatMap((step, index) =>
  moments.map((moment) => ({ step, change: index + 1, moment })),
);

/** Leads a payment to the confirmation; what follows is written to the disk. */
async function confirmed(bench: ReaderBench, terminal: FakeTerminal, paymentId: Uint8Array) {
  terminal.say({ case: "preparePayment", value: { ...prepareOf(), paymentId } });
  await terminal.next("prepared");
  await bench.device.presentCard("visa", 0);
  await terminal.next("cardRead");
  const pinSource = { case: "pin", value: "1234" } as const;
  terminal.say({ case: "confirm", value: { paymentId, pinSource } });
}

const contextOf = (payment: SignedPayment) => parseReaderPayment(payment.readerPayment).context;

function ksnOf(bench: ReaderBench, { readerPayment }: SignedPayment): string {
  const { contextBytes, pinBox } = parseReaderPayment(readerPayment);
  const [key] = bench.keys.folder("pin-service").readKeys("pin");
  const agreement = curves.agreement(key?.secretKey ?? new Uint8Array());
  const contextDigest = digest("payment-context", contextBytes);
  const { ksn } = openPinBox({ agreement, contextDigest, sealed: pinBox });
  return Buffer.from(ksn).toString("hex");
}

test("the durable steps of a payment are those that the crashes below strike", async () => {
  await using bench = await ReaderBench.start();
  const terminal = await bench.terminal();
  const before = bench.files.changesBegun;
  await bench.takePayment(terminal);
  expect(bench.files.changesBegun - before).toBe(durableSteps.length);
});

test.each(crashes)("a crash at the $step, $moment, repeats nothing", async ({ change, moment }) => {
  await using bench = await ReaderBench.start();
  const terminal = await bench.terminal();
  const first = await bench.takePayment(terminal);
  const struckId = bench.newId();
  bench.files.crashAt(bench.files.changesBegun + change, moment);
  await confirmed(bench, terminal, struckId);
  // The crash shows as a failure to sign; in no case is a signed payment sent.
  const heard = await terminal.next("fault", "paymentReady");
  expect(heard.$typeName).toBe("cardlane.payment.v1.PaymentFault");
  await bench.crash();

  const again = await bench.terminal();
  again.say({ case: "resendPayment", value: { paymentId: struckId } });
  const resent = await again.next("paymentReady", "fault");
  const kept = "payment" in resent && resent.payment ? [resent.payment] : [];
  const next = await bench.takePayment(again);
  const payments = [first, ...kept, next];
  const counters = payments.map((payment) => contextOf(payment).wire.counter);
  const keySerialNumbers = payments.map((payment) => ksnOf(bench, payment));
  expect(counters).toEqual([...new Set(counters)].sort());
  expect(new Set(keySerialNumbers).size).toBe(payments.length);
});

test.each([
  { step: "counter", change: 2, moment: "after it is synced", code: "ALREADY_SIGNED" },
  { step: "signed bytes", change: 3, moment: "before it is synced", code: "ALREADY_SIGNED" },
  { step: "signed bytes", change: 3, moment: "after it is synced", code: "ALREADY_SIGNED" },
] as const)("after a crash at the $step, $moment, that id is never signed", async (row) => {
  const { change, moment, code } = row;
  await using bench = await ReaderBench.start();
  const terminal = await bench.terminal();
  const paymentId = bench.newId();
  bench.files.crashAt(bench.files.changesBegun + change, moment);
  await confirmed(bench, terminal, paymentId);
  await terminal.next("fault");
  await bench.crash();
  const again = await bench.terminal();
  again.say({ case: "preparePayment", value: { ...prepareOf(), paymentId } });
  expect((await again.next("fault")).code).toBe(code);
});

test("after a restart the same bytes are sent again, and their result is shown", async () => {
  await using bench = await ReaderBench.start();
  const paymentId = bench.newId();
  const payment = await bench.takePayment(await bench.terminal(), { paymentId });
  await bench.crash();
  const terminal = await bench.terminal();
  terminal.say({ case: "resendPayment", value: { paymentId } });
  expect((await terminal.next("paymentReady")).payment).toEqual(payment);
  terminal.say({ case: "showResult", value: { result: bench.result(payment) } });
  expect((await terminal.next("resultShown")).displayLines).toEqual(["APPROVED", "12.50 EUR"]);
});

test("a reader that starts for the first time stores its PIN keys before it serves", async () => {
  await using bench = new ReaderBench(() => ({
    dukptInitialKey: () => {
      throw new Error("the initial key was destroyed");
    },
  }));
  await expect(bench.restart()).rejects.toThrow("the initial key was destroyed");
  await using ready = await ReaderBench.start();
  expect(await ready.files.list("")).toEqual(["dukpt-register.bin"]);
});

test("a damaged file of signed bytes stops nothing but itself", async () => {
  const logged: string[] = [];
  const failure = (message: string) => void logged.push(message);
  await using bench = await ReaderBench.start(() => ({ log: { ...silentLog, failure } }));
  const paymentId = bench.newId();
  await bench.takePayment(await bench.terminal(), { paymentId });
  const hex = Buffer.from(paymentId).toString("hex");
  const damaged = new Uint8Array([1, 2, 3]);
  await bench.files.write(`signed-${hex}.bin`, damaged);
  await bench.restart();
  const aside = `damaged-${hex}.bin`;
  expect(logged).toEqual([`signed-${hex}.bin is no signed payment; it is kept as ${aside}`]);
  expect(await bench.files.read(aside)).toEqual(damaged);
  const terminal = await bench.terminal();
  terminal.say({ case: "resendPayment", value: { paymentId } });
  expect((await terminal.next("fault")).code).toBe("PAYMENT_NOT_FOUND");
  // Its id stays signed.
  terminal.say({ case: "preparePayment", value: { ...prepareOf(), paymentId } });
  expect((await terminal.next("fault")).code).toBe("ALREADY_SIGNED");
  await bench.takePayment(terminal);
});
