import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { LinkProxy } from "../../chaos/proxy.ts";
import { MeshClients } from "../../dev-mesh/clients.ts";
import {
  Certainty,
  PaymentFaultSchema,
  PaymentKind,
  PaymentState,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { ReaderControlService } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import {
  PaymentReportSchema,
  type PayRequest,
  type PayResponse,
  PayResponseSchema,
  type StartPayment,
  TerminalService,
} from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { systemClock } from "../../mesh/clock.ts";
import { toConnectError } from "../../mesh/errors-to-wire.ts";
import { silentLog } from "../../mesh/log.ts";
import { serve } from "../../mesh/server/serve.ts";
import { service } from "../../mesh/service.ts";
import type { FrameStream } from "../../mesh/stream/frame-stream.ts";
import { ManualClock } from "../../mesh/testing/manual-clock.ts";
import { PaymentError } from "../../payment/errors.ts";
import { parseCurrency } from "../../payment/money.ts";
import { findTestCard } from "../../payment/test-cards.ts";
import { recordedIo } from "../testing/recorded-io.ts";
import { parsePayArguments } from "./pay-arguments.ts";
import { nextOrder, payAtTill } from "./pay-at-till.ts";

const PAYMENT_ID = "01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a";
const APPROVED = {
  paymentId: PAYMENT_ID,
  certainty: Certainty.FINAL,
  state: PaymentState.APPROVED,
};

type Event = NonNullable<MessageInitShape<typeof PayResponseSchema>["event"]>;
type Stream = FrameStream<PayResponse, PayRequest>;

const alive: Event = { case: "signOfLife", value: { intervalMs: 10_000 } };
const started: Event = { case: "started", value: { paymentId: PAYMENT_ID, resumed: true } };
const finished: Event = { case: "finished", value: APPROVED };

/** A terminal behind a link that can forget its connections. Each stream meets the next answer. */
async function tillOf(answers: ((say: (event: Event) => void, stream: Stream) => void)[]) {
  const stack = new AsyncDisposableStack();
  const starts: StartPayment[] = [];
  const arrivals = answers.map(() => Promise.withResolvers<void>());
  const terminal = service(TerminalService, {
    pay(stream) {
      const say = (event: Event) => stream.send(create(PayResponseSchema, { event }));
      stream.onFrame(({ step }) => {
        if (step.case !== "start") return;
        const number = starts.push(step.value) - 1;
        answers[number]?.(say, stream);
        arrivals[number]?.resolve();
      });
      stream.onEnd(() => stream.end());
    },
  });
  let removedCards = 0;
  const removeCard = () => {
    removedCards += 1;
    return {};
  };
  const reader = service(ReaderControlService, { removeCard });
  const services = [terminal, reader];
  const listen = "127.0.0.1:0";
  const server = stack.use(await serve({ listen, services, clock: systemClock, log: silentLog }));
  const proxy = stack.use(await LinkProxy.open(server.address));
  const clock = new ManualClock();
  const interruption = new AbortController();
  const io = recordedIo({ clock, interrupted: interruption.signal });
  const addressOf = (name: string) => (name === "terminal" ? proxy.address : server.address);
  const clients = stack.use(await MeshClients.open(addressOf, clock));
  const card = findTestCard("visa");
  if (card === undefined) throw new Error("there is a card of that name");
  const heard = Promise.withResolvers<void>();
  const tell = (line: string) => {
    io.tell(line);
    heard.resolve();
  };
  const pay = (id?: string) => {
    const payment = parsePayArguments("12.50", "EUR", {
      kind: "sale",
      yes: true,
      ...(id && { id }),
    });
    const report = payAtTill({ ...io, tell }, clients, { ...payment, card });
    report.catch(() => undefined);
    return report;
  };
  return {
    pay,
    proxy,
    clock,
    starts,
    told: io.told,
    get removedCards() {
      return removedCards;
    },
    interruption,
    /** The till was told of the first payment. */
    heard: heard.promise,
    arrived: (number: number) => arrivals[number - 1]?.promise,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test("a payment whose line falls silent is asked for with its id, over a new line", async () => {
  await using till = await tillOf([
    (say) => [alive, started].forEach(say),
    (say) => [alive, started, finished].forEach(say),
  ]);
  const report = till.pay();
  await till.heard;
  till.proxy.forget();
  await till.clock.advance(25_000);
  await expect(report).resolves.toMatchObject(APPROVED);
  expect(till.starts.map(({ paymentId }) => paymentId)).toEqual(["", PAYMENT_ID]);
  expect(till.starts[1]).toMatchObject({ amounts: till.starts[0]?.amounts, currency: 978 });
  expect(till.told.join("\n")).toContain(`asking again for payment ${PAYMENT_ID}`);
});

test("a terminal that is still busy with the payment is asked until it is not", async () => {
  await using till = await tillOf([
    (say) => [alive, started].forEach(say),
    (_say, stream) =>
      stream.end(toConnectError(new PaymentError("READER_BUSY", "being taken"), silentLog)),
    (say) => [alive, started, finished].forEach(say),
  ]);
  const report = till.pay();
  await till.heard;
  till.proxy.forget();
  await till.clock.advance(25_000);
  await till.arrived(2);
  while (till.starts.length < 3) await till.clock.advance(1_000);
  await expect(report).resolves.toMatchObject(APPROVED);
});

test.each([
  {
    name: "as an error",
    answer: (_say: (event: Event) => void, stream: Stream) =>
      stream.end(toConnectError(new PaymentError("READER_BUSY", "being taken"), silentLog)),
  },
  {
    name: "as a report",
    answer: (say: (event: Event) => void) => {
      const fault = create(PaymentFaultSchema, { code: "READER_BUSY" });
      say({ case: "finished", value: create(PaymentReportSchema, { fault }) });
    },
  },
])("a till that is told $name that the reader is busy leaves the other's card", async (row) => {
  await using till = await tillOf([row.answer]);
  await till.pay().catch(() => undefined);
  expect(till.starts).toHaveLength(1);
  expect(till.removedCards).toBe(0);
});

test("a till whose payment another one goes on with leaves it the card", async () => {
  await using till = await tillOf([
    (say, stream) => {
      [alive, started].forEach(say);
      stream.end(toConnectError(new PaymentError("TAKEN_OVER", "another till goes on"), silentLog));
    },
  ]);
  await expect(till.pay()).rejects.toMatchObject({ rawMessage: "another till goes on" });
  expect(till.starts).toHaveLength(1);
  expect(till.removedCards).toBe(0);
});

test("Ctrl-C while asking ends with how to ask", async () => {
  await using till = await tillOf([(say) => [alive, started].forEach(say)]);
  const report = till.pay();
  await till.heard;
  till.interruption.abort();
  till.proxy.forget();
  await till.clock.advance(25_000);
  await expect(report).rejects.toMatchObject({
    code: "STREAM_CUT",
    message: `the terminal went away during the payment; ask with: cardlane query ${PAYMENT_ID}`,
  });
  expect(till.starts).toHaveLength(1);
});

test("a terminal that is not there is named, with its address", async () => {
  await using till = await tillOf([]);
  till.proxy.cut();
  await expect(till.pay()).rejects.toMatchObject({
    rawMessage: `the terminal was not reached at ${till.proxy.address}`,
  });
});

test.each([
  { name: "declined", state: PaymentState.DECLINED, previousPaymentId: PAYMENT_ID },
  {
    name: "never submitted, or reversed",
    state: PaymentState.REVERSED,
    previousPaymentId: undefined,
  },
])("another attempt after one that was $name", ({ state, previousPaymentId }) => {
  const order = {
    kind: PaymentKind.SALE,
    amountMinor: 1_250n,
    currency: parseCurrency(978),
    paymentId: PAYMENT_ID,
  };
  expect(nextOrder(order, { state, paymentId: PAYMENT_ID })).toEqual({
    ...order,
    paymentId: undefined,
    previousPaymentId,
  });
});
