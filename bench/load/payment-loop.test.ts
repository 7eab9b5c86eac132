import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { Certainty, NextStep } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { CompletedSchema, RefusedSchema } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { ManualClock } from "../../mesh/testing/manual-clock.ts";
import { PaymentLoop } from "./payment-loop.ts";
import type { ReadyPayment } from "./reader-payments.ts";

const plan = {
  paymentsPerSecond: 100,
  onTheWay: 3,
  warmUpMs: 100,
  durationMs: 900,
  pinShare: 0,
  repeatShare: 0,
  seed: 1,
};

/** A closed loop over so many payments, whose answers the test gives. */
function closedLoop(ready: number) {
  const clock = new ManualClock();
  const sent: ReadyPayment[] = [];
  const payments = Array.from({ length: ready }, (_, number): ReadyPayment => {
    const paymentId = Uint8Array.of(number >> 8, number & 255);
    return { till: 0, paymentId, readerPayment: paymentId, signature: paymentId };
  });
  const submit = (payment: ReadyPayment) => sent.push(payment) > 0;
  const loop = new PaymentLoop({ plan, payments, submit, clock });
  const idOf = (number: number) => ({ paymentId: sent[number]?.paymentId ?? new Uint8Array() });
  return {
    clock,
    sent,
    result: loop.run(),
    approve(number: number) {
      const fate = { certainty: Certainty.FINAL, nextStep: NextStep.NONE };
      const value = create(CompletedSchema, { ...idOf(number), ...fate });
      loop.receive({ case: "completed", value });
    },
    refuse(number: number) {
      const fault = { code: "OVERLOADED" };
      loop.receive({ case: "refused", value: create(RefusedSchema, { ...idOf(number), fault }) });
    },
  };
}

describe("a closed loop", () => {
  test("keeps as many on the way as it should, until the time is over", async () => {
    const { clock, sent, result, approve } = closedLoop(100);
    expect(sent).toHaveLength(3);
    for (let number = 0; number < 20; number += 1) {
      await clock.advance(40);
      approve(number);
      expect(sent).toHaveLength(number + 4);
    }
    await clock.advance(200);
    for (const number of [20, 21, 22]) approve(number);
    expect(sent).toHaveLength(23);
    expect(await result).toMatchObject({ completed: 23, failed: 0, sentForMs: 1_000 });
  });

  test("counts what was sent after the warm-up, per second of that", async () => {
    const { clock, result, approve } = closedLoop(100);
    await clock.advance(50);
    for (const number of [0, 1, 2]) approve(number);
    await clock.advance(50);
    for (let number = 3; number < 12; number += 1) approve(number);
    await clock.advance(900);
    for (const number of [12, 13, 14]) approve(number);
    // Six of the fifteen were sent before it was over.
    expect(await result).toMatchObject({ completed: 15, completedPerSecond: 10 });
  });

  test("ends when it runs out of payments", async () => {
    const { clock, result, approve } = closedLoop(4);
    await clock.advance(300);
    for (const number of [0, 1, 2, 3]) approve(number);
    expect(await result).toMatchObject({ completed: 4, sentForMs: 300, tookMs: 300 });
  });

  test("lets nothing go after a refusal", async () => {
    const { clock, sent, result, refuse } = closedLoop(100);
    for (const number of [0, 1, 2]) refuse(number);
    expect(sent).toHaveLength(3);
    await clock.advance(1_000);
    expect(await result).toMatchObject({ completed: 0, failed: 3, failures: { OVERLOADED: 3 } });
  });

  test("counts as failed what is not answered", async () => {
    const { clock, result, approve } = closedLoop(4);
    approve(0);
    approve(1);
    await clock.advance(5_000);
    expect(await result).toMatchObject({ completed: 2, failed: 2, failures: { NO_ANSWER: 2 } });
  });
});
