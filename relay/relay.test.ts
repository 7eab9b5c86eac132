import { expect, test } from "vitest";
import { Certainty, NextStep, PaymentState } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { parseRecordNumber } from "../payment/record-number.ts";
import { DECLINE } from "../test/fixtures/fake-processor.ts";
import { TestBed } from "../test/fixtures/relay-bed.ts";
import { MESSAGE_BYTES_MAX } from "./relay-service.ts";

test("a payment is recorded, forwarded, completed and acknowledged", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);

  const { recordNumber, wasRecorded } = await terminal.recordedOf(paymentId);
  expect(parseRecordNumber(recordNumber)).toBe(recordNumber);
  expect(wasRecorded).toBe(false);
  expect(await terminal.completedAs(paymentId, PaymentState.APPROVED)).toMatchObject({
    recordNumber,
    certainty: Certainty.FINAL,
    nextStep: NextStep.NONE,
  });
  await bed.processor.until(() => bed.processor.acknowledgements.length === 1);
  expect(bed.processor.acknowledgements).toMatchObject([{ revision: 1 }]);
});

test("its Hello says how long a frame may be", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  await terminal.refusedOf(paymentId);
  expect(terminal.hello).toMatchObject({ frameBytesMax: MESSAGE_BYTES_MAX });
});

test("the processor gets ISO 8583 terms around the reader's untouched bytes", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const { signed, paymentId } = bed.signer.sign();
  const terminal = relay.openTerminal();
  terminal.submit(signed);
  const { recordNumber } = await terminal.recordedOf(paymentId);
  await bed.processor.until(() => bed.processor.authorizations.length === 1);
  expect(bed.processor.authorizations).toMatchObject([
    {
      messageType: 200,
      recordNumber,
      traceNumber: 1,
      posEntryMode: "051",
      posConditionCode: "00",
      localTime: expect.stringMatching(/^\d{14}$/),
      payment: { readerPayment: signed.readerPayment, signature: signed.signature },
    },
  ]);
  expect(bed.processor.authorizations[0]?.timeLeftMs).toBeGreaterThan(20_000);
});

test("after the outcome the sealed data is gone, and each step is in the history", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => DECLINE;
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  const completed = await terminal.completedAs(paymentId, PaymentState.DECLINED);
  expect(completed.nextStep).toBe(NextStep.USE_ANOTHER_CARD);

  expect(await bed.query("SELECT reader_payment, reader_signature, due_at FROM record")).toEqual([
    { reader_payment: null, reader_signature: null, due_at: null },
  ]);
  const key = { case: "recordNumber", value: completed.recordNumber } as const;
  const { payment } = await relay.calls.getPayment({ key });
  expect(payment?.history.map(({ state }) => state)).toEqual([
    PaymentState.FORWARDED,
    PaymentState.DECLINED,
  ]);
  expect(payment).toMatchObject({ responseCode: "51", lastFour: "4242", scheme: "VISA" });
});

test("many payments at once share boxes, and each gets its own outcome", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const payments = Array.from({ length: 100 }, () => bed.signer.sign({ pin: null }));
  for (const { signed } of payments) terminal.submit(signed);
  for (const { paymentId } of payments) {
    await terminal.completedAs(paymentId, PaymentState.APPROVED);
  }
  const numbers = terminal.completed.map(({ recordNumber }) => recordNumber);
  expect(new Set(numbers).size).toBe(100);
  expect(bed.processor.authorizations).toHaveLength(100);
  expect(bed.processor.boxes.length).toBeLessThan(50);
});

test("without a processor a payment is RECEIVED, and sent when one comes", async () => {
  await using bed = await TestBed.start();
  const { address } = bed.processor;
  await bed.processor[Symbol.asyncDispose]();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  const { recordNumber } = await terminal.recordedOf(paymentId);
  const key = { case: "paymentId", value: paymentId } as const;
  expect((await relay.calls.getPayment({ key })).payment?.state).toBe(PaymentState.RECEIVED);

  await bed.processor.start(address);
  await terminal.completedAs(paymentId, PaymentState.APPROVED);
  const { payment } = await relay.calls.getPayment({ key });
  expect(payment?.recordNumber).toBe(recordNumber);
  expect(payment?.history.map(({ state }) => state)).toEqual([
    PaymentState.RECEIVED,
    PaymentState.FORWARDED,
    PaymentState.APPROVED,
  ]);
  expect(bed.processor.authorizations).toMatchObject([{ messageType: 200 }]);
});

test("a payment whose stream died is sent again, as a repeat with the same bytes", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  await bed.processor.until(() => bed.processor.authorizations.length === 1);
  bed.processor.decide = () => DECLINE;
  bed.processor.cutStreams();
  await terminal.completedAs(paymentId, PaymentState.DECLINED);
  expect(bed.processor.authorizations).toMatchObject([
    { messageType: 200, payment: { readerPayment: signed.readerPayment } },
    { messageType: 201, payment: { readerPayment: signed.readerPayment } },
  ]);
});

test("a box that the processor cannot open is sent again", async () => {
  await using bed = await TestBed.start();
  bed.processor.refusesBoxes = "KEY_NOT_VALID";
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  await bed.processor.until(() => bed.processor.boxes.length === 1);
  bed.processor.refusesBoxes = undefined;
  await terminal.completedAs(paymentId, PaymentState.APPROVED);
});

test("a terminal that closes still gets what it is owed", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  terminal.close();
  await terminal.completedAs(paymentId, PaymentState.APPROVED);
  await terminal.until(() => terminal.end !== undefined);
  expect(terminal.end).toMatchObject({ clean: true });
});

test("a frame that is about no payment ends the stream", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  const terminal = relay.openTerminal();
  terminal.sendEmpty();
  await terminal.until(() => terminal.end !== undefined);
  expect(terminal.end).toMatchObject({
    code: 3,
    message: "a frame must carry submit or completion",
  });
});

test("the manifest is passed on, and not again to who has it", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  await terminal.completedAs(paymentId, PaymentState.APPROVED);
  const { number } = bed.keys.manifest;
  const { manifest } = await relay.calls.getManifest({ haveNumber: number - 1n });
  expect(manifest?.manifest?.payload).toStrictEqual(
    Buffer.from(bed.keys.delegatedManifest.manifest?.payload ?? []),
  );
  expect((await relay.calls.getManifest({ haveNumber: number })).manifest).toBeUndefined();
});

test("the completion of a chip card is refused, and the stream goes on", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.complete(paymentId);
  await terminal.until(() => terminal.refused.length === 1);
  expect(terminal.refused[0]?.fault).toMatchObject({
    code: "NOT_SUPPORTED",
    message: "completions of chip cards are not supported",
  });
  terminal.submit(signed);
  await terminal.completedAs(paymentId, PaymentState.APPROVED);
});

test("a reader with an impossible clock harms nobody in the same batch", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const far = 9n * 10n ** 18n;
  const bad = bed.signer.sign({ context: { readerTimeMs: far, submitBeforeMs: far } });
  const good = bed.signer.sign();
  const terminal = relay.openTerminal();
  terminal.submit(bad.signed);
  terminal.submit(good.signed);
  await terminal.completedAs(good.paymentId, PaymentState.APPROVED);
  expect((await terminal.refusedOf(bad.paymentId)).fault?.code).toBe("MALFORMED_REQUEST");
});
