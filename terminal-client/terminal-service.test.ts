import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { AmountsSchema, Certainty, PaymentKind } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { TerminalService } from "../gen/cardlane/terminal/v1/terminal_pb.ts";
import { paymentErrorFrom } from "../mesh/errors-to-wire.ts";
import { ID, pin, ServiceBench, start, type TillStream } from "../test/fixtures/service-bench.ts";

test("a till pays over gRPC; a PIN of the wrong shape is asked for again", async () => {
  await using service = await ServiceBench.start();
  const { bench } = service;
  const till = service.pay();
  till.say(start());
  await till.heard("prepared");
  await bench.device.presentCard("visa", 0);
  await till.heard("confirmationNeeded");
  till.say(pin("12"));
  await till.heard("confirmationNeeded", 2);
  till.say(pin("1234"));
  const submission = await bench.relay.next();
  submission.recorded();
  submission.answered();
  expect((await till.end()).code).toBe(0);
  expect(till.report?.certainty).toBe(Certainty.FINAL);
  expect(till.report?.receipt?.merchantName).toBe("Corner Coffee");
});

test("a till hears at once, and every ten seconds, that the terminal is there", async () => {
  await using service = await ServiceBench.start();
  const { bench } = service;
  const till = service.pay();
  till.say(start());
  await till.heard("prepared");
  expect(till.responses[0]).toMatchObject({ case: "signOfLife", value: { intervalMs: 10_000 } });
  const heardAtMs = bench.clock.nowMs();
  await till.heard("signOfLife", 4);
  expect(bench.clock.nowMs() - heardAtMs).toBeLessThanOrEqual(31_000);
  till.say({ case: "cancel", value: {} });
  expect((await till.end()).code).toBe(0);
  expect(till.count("signOfLife")).toBe(4);
});

test("a till may confirm in the same breath as it starts, and say nothing more", async () => {
  await using service = await ServiceBench.start();
  const till = service.pay();
  till.say(start());
  till.say(pin("1234"));
  till.halfClose();
  await till.heard("prepared");
  await service.bench.device.presentCard("visa", 0);
  (await service.bench.relay.next()).answered();
  expect((await till.end()).code).toBe(0);
  expect(till.report?.certainty).toBe(Certainty.FINAL);
});

test("a till that has confirmed with a malformed PIN and left stops the payment", async () => {
  await using service = await ServiceBench.start();
  const till = service.pay();
  till.say(start());
  till.say(pin("12"));
  till.halfClose();
  await till.heard("prepared");
  await service.bench.device.presentCard("visa", 0);
  expect((await till.end()).code).toBe(0);
  expect(till.report?.fault?.message).toBe("the payment was stopped by: terminal");
});

test.each([
  { name: "cancels", leave: (till: TillStream) => till.say({ case: "cancel", value: {} }) },
  { name: "stops talking", leave: (till: TillStream) => till.halfClose() },
  { name: "is cut off", leave: (till: TillStream) => till.cancelCall() },
])("a till that $name before it confirmed has paid nothing", async ({ leave }) => {
  await using service = await ServiceBench.start();
  const { bench } = service;
  const till = service.pay();
  till.say(start());
  await till.heard("prepared");
  await bench.device.presentCard("visa", 0);
  await till.heard("confirmationNeeded");
  leave(till);
  await bench.until(() => bench.device.display.lines[0] === "CANCELLED");
  expect(bench.relay.submissionCount).toBe(0);
});

test.each([
  { name: "stops talking", leave: (till: TillStream) => till.halfClose() },
  { name: "is cut off", leave: (till: TillStream) => till.cancelCall() },
])("a till that $name while a card is asked for frees the reader at once", async ({ leave }) => {
  await using service = await ServiceBench.start();
  const { bench } = service;
  const till = service.pay();
  till.say(start());
  await till.heard("prepared");
  const leftAtMs = bench.clock.nowMs();
  leave(till);
  await bench.until(() => bench.device.display.lines[0] === "CANCELLED");
  await bench.until(() => bench.relay.cancelled.length === 1);
  const next = service.pay();
  next.say(start());
  await next.heard("prepared");
  // A reader asks for a card for a minute.
  expect(bench.clock.nowMs() - leftAtMs).toBeLessThan(10_000);
  expect(next.ends).toEqual([]);
});

test("a till comes back over a new line, and the silent line hears TAKEN_OVER", async () => {
  await using service = await ServiceBench.start();
  const { bench } = service;
  const silent = service.pay();
  silent.say(start({ paymentId: ID }));
  await silent.heard("prepared");
  const back = service.pay();
  back.say(start({ paymentId: ID }));
  await back.heard("prepared");
  const { error } = await silent.end();
  expect(error && paymentErrorFrom(error)?.code).toBe("TAKEN_OVER");
  expect(back.responses).toContainEqual(
    expect.objectContaining({
      case: "started",
      value: expect.objectContaining({ paymentId: ID, resumed: true }),
    }),
  );
  await bench.device.presentCard("visa", 0);
  await back.heard("confirmationNeeded");
  back.say(pin("1234"));
  (await bench.relay.next()).answered();
  expect((await back.end()).code).toBe(0);
  expect(back.report?.certainty).toBe(Certainty.FINAL);
});

test("a second line that only listens leaves the holder at the PIN", async () => {
  await using service = await ServiceBench.start();
  const { bench } = service;
  const first = service.pay();
  first.say(start({ paymentId: ID }));
  first.say({ case: "confirm", value: { pinSource: { case: "pinOnReader", value: true } } });
  await first.heard("prepared");
  await bench.device.presentCard("visa", 0);
  await bench.until(() => bench.device.display.lines.includes("Enter PIN"));
  const listener = service.pay();
  listener.say(start({ paymentId: ID }));
  listener.halfClose();
  await first.end();
  await bench.clock.advance(1_000);
  expect(bench.device.display.lines).toContain("Enter PIN");
});

test.each([
  {
    name: "an amount of 0",
    step: start({ amounts: create(AmountsSchema) }),
    code: "AMOUNT_OUT_OF_RANGE",
  },
  { name: "no amounts", step: start({ amounts: undefined }), code: "MALFORMED_REQUEST" },
  { name: "no kind", step: start({ kind: 0 }), code: "MALFORMED_REQUEST" },
  { name: "a void", step: start({ kind: PaymentKind.VOID }), code: "NOT_SUPPORTED" },
  { name: "a wrong currency", step: start({ currency: 1 }), code: "CURRENCY_NOT_ACCEPTED" },
  { name: "an id that is no UUID", step: start({ paymentId: "7" }), code: "MALFORMED_REQUEST" },
  { name: "a confirmation first", step: pin("1234"), code: "MALFORMED_REQUEST" },
  { name: "nothing in a request", step: { case: undefined }, code: "MALFORMED_REQUEST" },
] as const)("a till is told what is wrong with $name", async ({ step, code }) => {
  await using service = await ServiceBench.start();
  const till = service.pay();
  till.say(step as Parameters<TillStream["say"]>[0]);
  const { error } = await till.end();
  expect(error && paymentErrorFrom(error)?.code).toBe(code);
  expect(service.bench.device.display.lines).toEqual(["Welcome"]);
});

test("a till asks who the terminal is, and what became of a payment", async () => {
  await using service = await ServiceBench.start();
  const { bench } = service;
  await bench.until(() => bench.terminal.readerSerial !== undefined);
  await bench.until(() => bench.terminal.isRelayConnected);
  const client = service.dial().client(TerminalService);
  expect(await client.getTerminal({})).toMatchObject({
    terminal: { terminalId: "TILL0001", merchantName: "Corner Coffee" },
    readerSerial: bench.keys.reader.serial,
    isRelayConnected: true,
  });
  const unknown = client.getTerminalPayment({ paymentId: ID });
  await expect(unknown).rejects.toMatchObject({ code: Code.NotFound });
});
