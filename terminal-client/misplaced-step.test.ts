import { expect, test } from "vitest";
import { Certainty, NextStep, PaymentState } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { paymentErrorFrom } from "../mesh/errors-to-wire.ts";
import { ID, pin, ServiceBench, start, type TillStream } from "../test/fixtures/service-bench.ts";

const { APPROVED } = PaymentState;

const FAULTS: readonly { readonly name: string; readonly say: (till: TillStream) => void }[] = [
  { name: "a second start", say: (till) => till.say(start()) },
  { name: "a request without a step", say: (till) => till.say(undefined) },
  { name: "bytes that are no request", say: (till) => till.sayWhatIsNoRequest() },
];

/** Everything that a till says until its payment is at the relay. */
async function submitted({ bench }: ServiceBench, till: TillStream, paymentId: string) {
  till.say(start({ paymentId }));
  await till.heard("prepared");
  await bench.device.presentCard("visa", 0);
  await till.heard("confirmationNeeded");
  till.say(pin("1234"));
  const submission = await bench.relay.next();
  submission.recorded();
  await till.heard("recorded");
  return submission;
}

test.each(FAULTS)("$name after the submission says nothing final of it", async ({ say }) => {
  await using service = await ServiceBench.start();
  const { bench } = service;
  const till = service.pay();
  const submission = await submitted(service, till, ID);
  say(till);
  const { error } = await till.end();
  const told = error && paymentErrorFrom(error);
  expect(told).toMatchObject({
    code: "MALFORMED_REQUEST",
    openPaymentId: ID,
    row: { certainty: Certainty.UNKNOWN, nextStep: NextStep.RETRY_SAME_ID },
  });
  submission.answered();
  await bench.until(() => bench.terminal.reportOf(ID)?.state === APPROVED);
});

test("the id that the terminal drew is named as well", async () => {
  await using service = await ServiceBench.start();
  const till = service.pay();
  await submitted(service, till, "");
  const started = till.responses.find((event) => event.case === "started");
  till.say(undefined);
  const { error } = await till.end();
  const told = error && paymentErrorFrom(error);
  expect(told?.openPaymentId).toBe(started?.value.paymentId);
  expect(told?.row.certainty).toBe(Certainty.UNKNOWN);
});

test("a till that begins with no start hears that nothing happened", async () => {
  await using service = await ServiceBench.start();
  const till = service.pay();
  till.say(pin("1234"));
  const { error } = await till.end();
  expect(error && paymentErrorFrom(error)?.row.certainty).toBe(Certainty.FINAL);
});
