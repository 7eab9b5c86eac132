import { describe, expect, test } from "vitest";
import { Certainty, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { Pin } from "../../payment/card.ts";
import { parsePaymentId } from "../../payment/identifiers.ts";
import { EUR, SALE, TerminalBench } from "../../test/fixtures/terminal-bench.ts";
import { saleOf } from "../payment-request.ts";
import type { PinSource } from "./till.ts";

const ID = parsePaymentId("01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a");
const sale = { ...SALE, paymentId: ID };
const { APPROVED, REVERSED } = PaymentState;
const gone = { code: "TAKEN_OVER" };
const unheard = { card: "none", pins: [] } as const;

describe("a till with the id of a payment at the reader", () => {
  test("goes on where a card is asked for, and the one before is sent away", async () => {
    await using bench = await TerminalBench.start();
    const before = bench.pay(sale, unheard);
    await bench.until(() => before.heard.includes("prepared"));
    const heardBefore = before.events.length;
    const back = bench.pay(sale);
    await expect(before.report).rejects.toMatchObject(gone);
    (await bench.relay.next()).answered();
    expect(await back.report).toMatchObject({ state: APPROVED });
    expect(back.heard.slice(0, 4)).toEqual([
      "started",
      "prepared",
      "confirmationNeeded",
      "submitted",
    ]);
    expect(back.events[0]).toMatchObject({ value: { paymentId: ID, resumed: true } });
    expect(before.events).toHaveLength(heardBefore);
    expect(bench.relay.submissionCount).toBe(1);
  });

  test("confirms what the one before was asked to confirm", async () => {
    await using bench = await TerminalBench.start();
    const before = bench.pay(sale, { pins: [] });
    await bench.until(() => before.heard.includes("confirmationNeeded"));
    const back = bench.pay(sale, { card: "none" });
    await expect(before.report).rejects.toMatchObject(gone);
    (await bench.relay.next()).answered();
    expect(await back.report).toMatchObject({ state: APPROVED });
    // No prompt for a card that was read already.
    expect(back.events.map(({ case: name }) => name).slice(0, 3)).toEqual([
      "started",
      "prepared",
      "confirmationNeeded",
    ]);
  });

  test("is not led by what the one before says late", async () => {
    await using bench = await TerminalBench.start();
    const late = Promise.withResolvers<PinSource>();
    const before = bench.pay(sale, { pins: [] });
    before.confirm = () => late.promise;
    await bench.until(() => before.heard.includes("confirmationNeeded"));
    const back = bench.pay(sale, unheard);
    await expect(before.report).rejects.toMatchObject(gone);
    late.resolve({ kind: "pin", pin: Pin.parse("1234") });
    before.cancel();
    let isOver = false;
    void back.report.then(() => {
      isOver = true;
    });
    const untilMs = bench.clock.monotonicMs() + 1_000;
    await bench.until(() => bench.clock.monotonicMs() >= untilMs);
    expect(isOver).toBe(false);
    expect(bench.relay.submissionCount).toBe(0);
    expect(bench.device.display.lines[0]).not.toBe("CANCELLED");
    back.cancel();
    const report = await bench.reported(back);
    expect(report).toMatchObject({ state: REVERSED, fault: { code: "CANCELLED" } });
  });

  test("that comes while the payment is being stopped hears that it was", async () => {
    await using bench = await TerminalBench.start();
    const before = bench.pay(sale, unheard);
    await bench.until(() => before.heard.includes("prepared"));
    before.cancel();
    const report = await bench.reported(bench.pay(sale, unheard));
    expect(report).toMatchObject({ state: REVERSED, fault: { code: "CANCELLED" } });
  });
});

test.each([
  { name: "another payment", request: SALE, code: "READER_BUSY" },
  {
    name: "other terms under the same id",
    request: { ...saleOf(1_251n, EUR), paymentId: ID },
    code: "DUPLICATE_DIFFERS",
  },
])("a till that wants $name does not disturb it", async ({ request, code }) => {
  await using bench = await TerminalBench.start();
  const paying = bench.pay(sale, { card: "none" });
  await bench.until(() => paying.heard.includes("prepared"));
  await expect(bench.pay(request).report).rejects.toMatchObject({ code });
  await bench.device.presentCard("visa", 0);
  (await bench.relay.next()).answered();
  expect(await paying.report).toMatchObject({ state: APPROVED });
});

test("a till that only listens hears the end of what the one before confirmed", async () => {
  await using bench = await TerminalBench.start();
  const before = bench.pay(sale, { pins: [{ kind: "pin on reader" }] });
  await bench.until(() => bench.device.display.lines.includes("Enter PIN"));
  const listener = bench.pay(sale, unheard);
  listener.onlyListen();
  await expect(before.report).rejects.toMatchObject(gone);
  await bench.clock.advance(1_000);
  expect(bench.device.display.lines).toContain("Enter PIN");
  await bench.device.typePin("1234");
  (await bench.relay.next()).answered();
  expect(await listener.report).toMatchObject({ state: APPROVED });
});

test.each([
  { name: "while a card is asked for", card: "none", until: "prepared" },
  { name: "while a confirmation is open", card: "visa", until: "confirmationNeeded" },
])("a till that only listens stops what nobody confirmed, $name", async ({ card, until }) => {
  await using bench = await TerminalBench.start();
  const before = bench.pay(sale, { card, pins: [] });
  await bench.until(() => before.heard.includes(until));
  const listener = bench.pay(sale, unheard);
  const beganAtMs = bench.clock.nowMs();
  listener.onlyListen();
  const report = await bench.reported(listener);
  expect(report).toMatchObject({ state: REVERSED, fault: { code: "CANCELLED" } });
  // At once: without it the reader's own patience ends the payment in the same words.
  expect(bench.clock.nowMs() - beganAtMs).toBeLessThan(5_000);
});

test("the last till that comes back goes on", async () => {
  await using bench = await TerminalBench.start();
  const first = bench.pay(sale, unheard);
  await bench.until(() => first.heard.includes("prepared"));
  const second = bench.pay(sale, unheard);
  await bench.until(() => second.heard.includes("prepared"));
  const third = bench.pay(sale);
  for (const { report } of [first, second]) await expect(report).rejects.toMatchObject(gone);
  (await bench.relay.next()).answered();
  expect(await third.report).toMatchObject({ certainty: Certainty.FINAL, state: APPROVED });
});
