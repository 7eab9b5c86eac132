import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { PaymentKind, Verification } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { ReaderEventKind } from "../gen/cardlane/reader/v1/reader_pb.ts";
import {
  type PayRequest,
  type PayResponse,
  PayResponseSchema,
} from "../gen/cardlane/terminal/v1/terminal_pb.ts";
import { frameStreamPair } from "../mesh/frame-stream-pair.ts";
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
function eventOf(kind: ReaderEventKind): Event {
  return { case: "readerEvent", value: { kind } };
}

/** A terminal that answers each kind of request with the same events. */
function startedWith(
  answers: Readonly<Record<"start" | "confirm" | "cancel", readonly Event[]>>,
  changes: Partial<People> = {},
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
  const interruption = new AbortController();
  const interrupted = interruption.signal;
  const report = takePayment({ stream: client, order: ORDER, people, interrupted });
  return { report, steps, did, cut, interruption };
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
  const answers = { start: [started, prompted], confirm: [], cancel: [finished] };
  const { report, steps } = startedWith(answers, { presentCard: () => Promise.reject(refused) });
  await expect(report).rejects.toBe(refused);
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

test("Ctrl-C after the submission waits for the outcome", async () => {
  const waiting = Promise.withResolvers<void>();
  const { report, steps, interruption, cut } = startedWith(
    { start: [started, submitted], confirm: [], cancel: [] },
    { see: (event) => event.case === "submitted" && waiting.resolve() },
  );
  await waiting.promise;
  interruption.abort();
  cut();
  await expect(report).rejects.toThrow(`ask with: query ${PAYMENT_ID}`);
  expect(steps).toEqual(["start"]);
});

test("a terminal that is not there is told as it is", async () => {
  const { report, cut } = startedWith({ start: [], confirm: [], cancel: [] });
  cut();
  await expect(report).rejects.toThrow("[unavailable] connection lost");
});
