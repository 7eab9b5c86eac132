import { expect, test } from "vitest";
import { NextStep, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { paymentIdToBytes } from "../../payment/identifiers.ts";
import { SUBMIT_WITHIN_MS } from "../../payment/payment-context.ts";
import { APPROVE } from "../../test/fixtures/fake-processor.ts";
import { TestBed } from "../../test/fixtures/relay-bed.ts";
import { unluckyRandom } from "../../test/fixtures/unlucky-random.ts";
import { NUMBER_ATTEMPTS_MAX } from "./recorder.ts";

test("a repeat gets the same record number and outcome, and is not forwarded", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  const first = await terminal.completedAs(paymentId, PaymentState.APPROVED);

  const again = relay.openTerminal();
  again.submit(signed);
  expect(await again.completedAs(paymentId, PaymentState.APPROVED)).toEqual(first);
  expect(again.recorded).toMatchObject([{ recordNumber: first.recordNumber, wasRecorded: true }]);
  expect(bed.processor.authorizations).toHaveLength(1);
});

test("duplicates in one batch become one record", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed } = bed.signer.sign();
  for (let copy = 0; copy < 10; copy += 1) terminal.submit(signed);
  await terminal.until(() => terminal.completed.length === 10);
  const numbers = terminal.recorded.map(({ recordNumber }) => recordNumber);
  expect(new Set(numbers).size).toBe(1);
  expect(terminal.recorded.filter(({ wasRecorded }) => !wasRecorded)).toHaveLength(1);
  expect(await bed.query("SELECT count(*)::int FROM record")).toEqual([{ count: 1 }]);
  expect(bed.processor.authorizations).toHaveLength(1);
});

test("the same id with other contents is refused, also in the same batch", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const one = bed.signer.sign();
  const context = { paymentId: paymentIdToBytes(one.paymentId) };
  const other = bed.signer.sign({ totalMinor: 99_900n, context });
  terminal.submit(one.signed);
  terminal.submit(other.signed);
  const refused = await terminal.refusedOf(one.paymentId);
  expect(refused.fault).toMatchObject({
    code: "DUPLICATE_DIFFERS",
    message: `payment ${one.paymentId} is recorded with other contents`,
  });
  await terminal.completedAs(one.paymentId, PaymentState.APPROVED);
  expect(await bed.query("SELECT total_minor FROM record")).toEqual([{ total_minor: "1250" }]);
});

test("what comes too late for the first time is refused, a repeat is answered", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const inTime = bed.signer.sign();
  const late = bed.signer.sign();
  terminal.submit(inTime.signed);
  await terminal.completedAs(inTime.paymentId, PaymentState.APPROVED);

  await bed.putForward(SUBMIT_WITHIN_MS + 1_000);
  terminal.submit(late.signed);
  const refused = await terminal.refusedOf(late.paymentId);
  expect(refused.fault?.code).toBe("SUBMITTED_TOO_LATE");
  expect(refused.fault?.message).toMatch(/^payment must be submitted before 20\d\d-.*Z$/);
  terminal.submit(inTime.signed);
  await terminal.until(() => terminal.completed.length === 2);
  expect(terminal.recorded[1]).toMatchObject({ wasRecorded: true });
  expect(await bed.query("SELECT count(*)::int FROM record")).toEqual([{ count: 1 }]);
});

test.each([
  { name: "a day", fastMs: 86_400_000, words: "24 hours" },
  { name: "a minute and a half", fastMs: 90_000, words: "90 seconds" },
])("a reader that is $name fast makes nothing good for longer", async ({ fastMs, words }) => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const readerTimeMs = BigInt(bed.clock.nowMs() + fastMs);
  const submitBeforeMs = readerTimeMs + BigInt(SUBMIT_WITHIN_MS);
  const { signed, paymentId } = bed.signer.sign({ context: { readerTimeMs, submitBeforeMs } });
  terminal.submit(signed);
  const { fault } = await terminal.refusedOf(paymentId);
  const message = `the reader's clock is ${words} fast; set it right`;
  expect(fault).toMatchObject({ code: "CLOCK_WRONG", message });
  expect(await bed.query("SELECT count(*)::int FROM record")).toEqual([{ count: 0 }]);
});

test("a payment that is open is told on every stream that asks", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  const relay = await bed.startRelay();
  await bed.register(relay);
  const { signed, paymentId } = bed.signer.sign();
  const [first, second] = [relay.openTerminal(), relay.openTerminal()];
  first.submit(signed);
  await first.recordedOf(paymentId);
  second.submit(signed);
  await second.recordedOf(paymentId);
  await bed.processor.until(() => bed.processor.authorizations.length === 1);
  bed.processor.answerLast(APPROVE);
  await first.completedAs(paymentId, PaymentState.APPROVED);
  await second.completedAs(paymentId, PaymentState.APPROVED);
});

test("payments of one batch that draw the same number get one each", async () => {
  await using bed = await TestBed.start();
  bed.clock.stop();
  const relay = await bed.startRelay({ random: unluckyRandom(16) });
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const payments = Array.from({ length: 8 }, () => bed.signer.sign());
  for (const { signed } of payments) terminal.submit(signed);
  await terminal.until(() => terminal.completed.length === 8);
  const told = terminal.recorded.map(({ recordNumber }) => recordNumber).toSorted();
  expect(new Set(told).size).toBe(8);
  const kept = await bed.query("SELECT record_number, state FROM record ORDER BY record_number");
  expect(kept).toEqual(told.map((number) => ({ record_number: number, state: "APPROVED" })));
  expect(bed.processor.authorizations).toHaveLength(8);
});

test("a record number that is taken is replaced by another one", async () => {
  await using bed = await TestBed.start();
  bed.clock.stop();
  const relay = await bed.startRelay({ random: unluckyRandom(NUMBER_ATTEMPTS_MAX) });
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const [one, another] = [bed.signer.sign(), bed.signer.sign()];
  terminal.submit(one.signed);
  const first = await terminal.completedAs(one.paymentId, PaymentState.APPROVED);
  terminal.submit(another.signed);
  const second = await terminal.completedAs(another.paymentId, PaymentState.APPROVED);
  expect(second.recordNumber).not.toBe(first.recordNumber);
  expect(await bed.query("SELECT count(*)::int FROM record")).toEqual([{ count: 2 }]);
});

test("a payment for which no number is left is refused, and can be submitted again", async () => {
  await using bed = await TestBed.start();
  bed.clock.stop();
  const relay = await bed.startRelay({ random: unluckyRandom(1 + NUMBER_ATTEMPTS_MAX) });
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const [one, another] = [bed.signer.sign(), bed.signer.sign()];
  terminal.submit(one.signed);
  await terminal.completedAs(one.paymentId, PaymentState.APPROVED);
  terminal.submit(another.signed);
  const { fault } = await terminal.refusedOf(another.paymentId);
  expect(fault).toMatchObject({ code: "OVERLOADED", nextStep: NextStep.RETRY_SAME_ID });
  expect(await bed.query("SELECT count(*)::int FROM record")).toEqual([{ count: 1 }]);
  terminal.submit(another.signed);
  await terminal.completedAs(another.paymentId, PaymentState.APPROVED);
});
