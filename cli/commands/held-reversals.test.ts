import { expect, test } from "vitest";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { PinOversightService } from "../../gen/cardlane/pin/v1/pin_pb.ts";
import {
  type DecideHeldReversalRequest,
  HeldReversalDecision,
  HoldReason,
  ProcessorOversightService,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { service } from "../../mesh/service.ts";
import { parseRelayId } from "../../payment/identifiers.ts";
import { formatRecordNumber, newRecordNumber } from "../../payment/record-number.ts";
import { runAgainst } from "../../test/fixtures/command-mesh.ts";

const recordNumber = newRecordNumber(parseRelayId("A1"), 0, Uint8Array.of(1, 2, 3, 4, 5));
const paymentId = "01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a";
const merchantId = "CORNERCOFFEE001";
const held = {
  recordNumber,
  paymentId,
  merchantId,
  relayId: "A1",
  reason: HoldReason.LATE,
  approvedAmountMinor: 1_250n,
  currency: 978,
};

function run(words: readonly string[], waiting = [held]) {
  const decided: DecideHeldReversalRequest[] = [];
  const oversight = service(ProcessorOversightService, {
    listHeldReversals: () => ({ reversals: waiting, total: BigInt(waiting.length) }),
    decideHeldReversal: (request) => {
      decided.push(request);
      const isReleased = request.decision === HeldReversalDecision.RELEASE;
      return { state: isReleased ? PaymentState.REVERSED : PaymentState.APPROVED };
    },
  });
  return runAgainst({ processor: [oversight] }, words).then((answer) => ({ ...answer, decided }));
}

test("reversals held: what waits, why, and since when", async () => {
  const { exitCode, printed } = await run(["reversals", "held"]);
  expect(exitCode).toBe(0);
  const columns = [formatRecordNumber(recordNumber), paymentId, merchantId, "12.50 EUR", "A1"];
  expect(printed[1]).toMatch(new RegExp(`^${columns.join(" +")} +late`));
  expect((await run(["reversals", "held"], [])).printed).toEqual(["No reversal waits for you."]);
});

test.each([
  { word: "release", decision: HeldReversalDecision.RELEASE, state: "reversed" },
  { word: "refuse", decision: HeldReversalDecision.REFUSE, state: "approved" },
])("reversals $word: the payment is $state", async ({ word, decision, state }) => {
  for (const name of [paymentId, formatRecordNumber(recordNumber)]) {
    const { exitCode, printed, decided } = await run(["reversals", word, name]);
    expect(exitCode).toBe(0);
    expect(decided).toMatchObject([{ merchantId, paymentId, decision }]);
    expect(printed).toEqual([`${paymentId} is ${state}. Its relay hears of it within an hour.`]);
  }
});

test("reversals release: of a payment whose reversal does not wait", async () => {
  const { exitCode, told, decided } = await run(["reversals", "release", paymentId], []);
  expect(exitCode).toBe(1);
  expect(told.join()).toContain("no reversal of this payment waits: cardlane reversals held");
  expect(decided).toEqual([]);
});

test("cards unlock: by a payment that was made with the card", async () => {
  const unlocked: string[] = [];
  const pins = service(PinOversightService, {
    unlockCard: (request) => {
      unlocked.push(request.paymentId);
      return {};
    },
  });
  const relay = service(RelayService, { getPayment: () => ({ payment: { paymentId } }) });
  const programs = { relay: [relay], "pin-service": [pins] };
  const { exitCode } = await runAgainst(programs, ["cards", "unlock", recordNumber]);
  expect(exitCode).toBe(0);
  expect(unlocked).toEqual([paymentId]);
});
