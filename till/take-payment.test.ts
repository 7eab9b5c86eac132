import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  Certainty,
  PaymentKind,
  PaymentState,
  Verification,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import { ReaderEventKind } from "../gen/cardlane/reader/v1/reader_pb.ts";
import {
  type PayRequest,
  type PayResponse,
  PayResponseSchema,
} from "../gen/cardlane/terminal/v1/terminal_pb.ts";
import { frameStreamPair } from "../mesh/testing/frame-stream-pair.ts";
import { ManualClock } from "../mesh/testing/manual-clock.ts";
import { parseCurrency } from "../payment/money.ts";
import { type People, takePayment } from "./take-payment.ts";

const ORDER = { kind: PaymentKind.SALE, amountMinor: 1250n, currency: parseCurrency(978) };
const PAYMENT_ID = "01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a";

type Event = NonNullable<MessageInitShape<typeof PayResponseSchema>["event"]>;

const started: Event = { case: "started", value: { paymentId: PAYMENT_ID } };
const prompted = eventOf(ReaderEventKind.PROMPT_PRESENT_CARD);
const chipWanted = eventOf(ReaderEventKind.PROMPT_INSERT_CARD);
const pinEntry = eventOf(ReaderEventKind.PIN_ENTRY_STARTED);
const cardRead: Event = {
  case: "confirmationNeeded",
  value: { verification: Verification.ONLINE_PIN },
};
const submitted: Event = { case: "submitted", value: { paymentId: PAYMENT_ID } };
const finished: Event = { case: "finished", value: { paymentId: PAYMENT_ID } };
const undone = endedAs(PaymentState.REVERSED);

function endedAs(state: PaymentState): Event {
  const value = { paymentId: PAYMENT_ID, state, certainty: Certainty.FINAL };
  return { case: "finished", value };
}

function eventOf(kind: ReaderEventKind): Event {
  return { case: "readerEvent", value: { kind } };
}

type Changes = Partial<People> & { readonly interruption?: AbortController };

function neverHere(): never {
  throw new Error("there is no payment");
}

/** A terminal that answers each kind of request with the same events. */
function startedWith(
  answers: Readonly<Record<"start" | "confirm" | "cancel", readonly Event[]>>,
  { interruption = new AbortController(), ...changes }: Changes = {},
) {
  const { client, server, cut } = frameStreamPair<PayRequest, PayResponse>();
  const steps: string[] = [];
  const did: string[] = [];
  server.onFrame(({ step }) => {
    steps.push(step.case ?? "nothing");
    const events = answers[step.case as keyof typeof answers];
    for (const event of events) server.send(create(PayResponseSchema, { event }));
  });
  const people: People = {
    see: () => {},
    presentCard: async (isChipWanted) => void did.push(isChipWanted ? "chip" : "card"),
    confirm: async () => ({ pinSource: { case: "pin", value: "1234" } }),
    typePin: async () => void did.push("PIN"),
    ...changes,
  };
  const clock = new ManualClock();
  const interrupted = interruption.signal;
  const report = takePayment({ stream: client, order: ORDER, people, interrupted, clock });
  report.catch(() => undefined);
  const say = (event: Event) => server.send(create(PayResponseSchema, { event }));
  return { report, steps, did, cut, interruption, clock, say };
}

test("a card is presented, confirmed, and the report comes back", async () => {
  const { report, steps, did } = startedWith({
    start: [started, prompted, cardRead],
    confirm: [submitted, finished],
    cancel: [],
  });
  await expect(report).resolves.toMatchObject({ paymentId: PAYMENT_ID });
  expect(steps).toEqual(["start", "confirm"]);
  expect(did).toEqual(["card"]);
});

test.each([
  { name: "any way", prompts: [prompted], did: ["card"] },
  { name: "by its chip", prompts: [chipWanted], did: ["chip"] },
  { name: "once, also when the reader asks again", prompts: [prompted, chipWanted], did: ["card"] },
  { name: "not at all when it is still in the reader", prompts: [], did: [] },
])("a card is presented $name", async ({ prompts, did }) => {
  const start = [started, ...prompts, cardRead];
  const payment = startedWith({ start, confirm: [finished], cancel: [] });
  await payment.report;
  expect(payment.did).toEqual(did);
});

test("the PIN is typed on the reader when the reader waits for it", async () => {
  const { report, did } = startedWith({
    start: [started, cardRead],
    confirm: [pinEntry, submitted, finished],
    cancel: [],
  });
  await report;
  expect(did).toEqual(["PIN"]);
});

test("who does not confirm cancels", async () => {
  const answers = { start: [started, cardRead], confirm: [], cancel: [finished] };
  const { report, steps } = startedWith(answers, { confirm: async () => undefined });
  await report;
  expect(steps).toEqual(["start", "cancel"]);
});

test("a card that can not be presented cancels the payment and is the error", async () => {
  const refused = new Error("no such card");
  const answers = { start: [started, prompted], confirm: [], cancel: [undone] };
  const { report, steps } = startedWith(answers, { presentCard: () => Promise.reject(refused) });
  await expect(report).rejects.toBe(refused);
  expect(steps).toEqual(["start", "cancel"]);
});

test.each([
  { name: "was charged", end: endedAs(PaymentState.APPROVED) },
  { name: "may have been charged", end: finished },
])("a payment that $name is told, whatever failed at the reader", async ({ end }) => {
  const answers = { start: [started, cardRead], confirm: [pinEntry], cancel: [end] };
  const typePin = () => Promise.reject(new Error("no answer from the reader"));
  const { report } = startedWith(answers, { typePin });
  await expect(report).resolves.toMatchObject({ paymentId: PAYMENT_ID });
});

test("Ctrl-C at a question cancels, and what became of the payment is told", async () => {
  const ctrlC = Object.assign(new Error("User force closed the prompt"), {
    name: "ExitPromptError",
  });
  const answers = { start: [started, cardRead], confirm: [], cancel: [undone] };
  const { report, steps } = startedWith(answers, { confirm: () => Promise.reject(ctrlC) });
  await expect(report).resolves.toMatchObject({ state: PaymentState.REVERSED });
  expect(steps).toEqual(["start", "cancel"]);
});

test("Ctrl-C cancels while nothing was submitted", async () => {
  const { report, steps, interruption } = startedWith({
    start: [started],
    confirm: [],
    cancel: [finished],
  });
  interruption.abort();
  await report;
  expect(steps).toEqual(["start", "cancel"]);
});

test("Ctrl-C before the payment begins ends it, and the terminal never hears of it", async () => {
  const { client, server } = frameStreamPair<PayRequest, PayResponse>();
  const steps: PayRequest["step"][] = [];
  server.onFrame(({ step }) => steps.push(step));
  const over = new Promise((resolve) => server.onEnd(resolve));
  const people = { see: neverHere, presentCard: neverHere, confirm: neverHere, typePin: neverHere };
  const interrupted = AbortSignal.abort();
  const clock = new ManualClock();
  const report = takePayment({ stream: client, order: ORDER, people, interrupted, clock });
  await expect(report).rejects.toMatchObject({
    code: "INTERRUPTED",
    message: "interrupted before the payment began: nothing was charged",
  });
  await over;
  expect(steps).toEqual([]);
});

test.each([
  { name: "when the payment has started", at: "started" },
  { name: "when the reader asks for a card", at: "readerEvent" },
  { name: "when a card was read", at: "confirmationNeeded" },
])("Ctrl-C $name cancels it, and nothing is confirmed afterwards", async ({ at }) => {
  const interruption = new AbortController();
  const answers = { start: [started, prompted, cardRead], confirm: [], cancel: [finished] };
  const payment = startedWith(answers, {
    see: (event) => event.case === at && interruption.abort(),
    interruption,
  });
  await payment.report;
  expect(payment.steps).toEqual(["start", "cancel"]);
});

test("who agrees after Ctrl-C has not confirmed", async () => {
  const agreed = Promise.withResolvers<object>();
  const asked = Promise.withResolvers<void>();
  const confirm = () => {
    asked.resolve();
    return agreed.promise;
  };
  const answers = { start: [started, cardRead], confirm: [], cancel: [] };
  const { steps, interruption, report, say } = startedWith(answers, { confirm });
  await asked.promise;
  interruption.abort();
  agreed.resolve({});
  await agreed.promise;
  say(finished);
  await report;
  expect(steps).toEqual(["start", "cancel"]);
});

test.each([
  { name: "whose line is cut", end: undefined },
  { name: "that was cancelled at the reader", end: undone },
])("no question stands after a payment $name", async ({ end }) => {
  const asked = Promise.withResolvers<AbortSignal>();
  const answers = { start: [started, cardRead], confirm: [], cancel: [] };
  const { report, cut, say } = startedWith(answers, {
    confirm: async (_card, over) => {
      asked.resolve(over);
      return await new Promise(() => undefined);
    },
  });
  const over = await asked.promise;
  expect(over.aborted).toBe(false);
  if (end === undefined) cut();
  else say(end);
  await report.catch(() => undefined);
  expect(over.aborted).toBe(true);
});

const alive: Event = { case: "signOfLife", value: { intervalMs: 10_000 } };

test("a terminal that falls silent cuts the payment", async () => {
  const { report, clock } = startedWith({ start: [alive, started], confirm: [], cancel: [] });
  await clock.advance(24_999);
  await clock.advance(1);
  await expect(report).rejects.toMatchObject({ code: "STREAM_CUT", paymentId: PAYMENT_ID });
});

test("a terminal that says that it is there may take as long as people do", async () => {
  const { report, clock, say } = startedWith({ start: [alive, started], confirm: [], cancel: [] });
  for (let minute = 0; minute < 10; minute += 1) {
    for (let beat = 0; beat < 6; beat += 1) {
      await clock.advance(10_000);
      say(alive);
    }
  }
  await clock.advance(20_000);
  say(finished);
  await expect(report).resolves.toMatchObject({ paymentId: PAYMENT_ID });
});

test("a terminal of an earlier version is not taken for silent", async () => {
  const { report, clock, say } = startedWith({ start: [started], confirm: [], cancel: [] });
  await clock.advance(600_000);
  say(finished);
  await expect(report).resolves.toMatchObject({ paymentId: PAYMENT_ID });
});

test("a terminal that never says anything is not there", async () => {
  const { report, clock } = startedWith({ start: [], confirm: [], cancel: [] });
  await clock.advance(25_000);
  await expect(report).rejects.toThrow("[unavailable] nothing heard for 25000 ms");
});

test("Ctrl-C after the submission waits for the outcome", async () => {
  const waiting = Promise.withResolvers<void>();
  const { report, steps, interruption, cut } = startedWith(
    { start: [started, submitted], confirm: [], cancel: [] },
    { see: (event) => event.case === "submitted" && waiting.resolve() },
  );
  await waiting.promise;
  interruption.abort();
  cut();
  await expect(report).rejects.toThrow(`ask with: cardlane query ${PAYMENT_ID}`);
  expect(steps).toEqual(["start"]);
});

test("a terminal that is not there is told as it is", async () => {
  const { report, cut } = startedWith({ start: [], confirm: [], cancel: [] });
  cut();
  await expect(report).rejects.toThrow("[unavailable] connection lost");
});
