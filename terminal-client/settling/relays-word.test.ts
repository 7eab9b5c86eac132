import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import {
  AmountsSchema,
  Certainty,
  PaymentKind,
  PaymentState,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { PaymentRecordSchema } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { parsePaymentId } from "../../payment/identifiers.ts";
import { EUR, SALE, TerminalBench } from "../../test/fixtures/terminal-bench.ts";

const ID = parsePaymentId("01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a");
const sale = { ...SALE, paymentId: ID };
const { FINAL, UNKNOWN } = Certainty;
const { APPROVED, REVERSED } = PaymentState;

type Wishes = MessageInitShape<typeof PaymentRecordSchema>;
type Terms = Pick<Wishes, "kind" | "currency">;

describe("a tombstone that the terminal forgot", () => {
  test("is told when it is asked for", async () => {
    await using bench = await TerminalBench.start();
    await bench.until(() => bench.terminal.isRelayConnected);
    bench.relay.record = tombstoneRecord(bench, bench.keys.terminal.merchantId);
    const report = await bench.terminal.getPayment(ID);
    expect(report).toMatchObject({ certainty: FINAL, state: REVERSED });
    // There is no amount to print.
    expect(report.receipt).toBeUndefined();
  });

  test("ends whatever is asked for under its id", async () => {
    await using bench = await TerminalBench.start();
    bench.relay.record = tombstoneRecord(bench, bench.keys.terminal.merchantId);
    const report = await bench.reported(bench.pay(sale));
    expect(report).toMatchObject({ certainty: FINAL, state: REVERSED });
    expect(bench.relay.submissionCount).toBe(0);
  });
});

test.each<{ name: string; merchantId?: string; wishes?: Terms }>([
  { name: "another merchant's tombstone", merchantId: "ANOTHERSHOP0001" },
  { name: "a sale without an amount", wishes: { kind: PaymentKind.SALE, currency: EUR } },
])("$name, shown by a relay, says nothing final", async ({ merchantId, wishes }) => {
  await using bench = await TerminalBench.start();
  await bench.until(() => bench.terminal.isRelayConnected);
  bench.relay.record = tombstoneRecord(bench, merchantId ?? "ANOTHERSHOP0001", wishes);
  const fault = { certainty: UNKNOWN };
  expect(await bench.terminal.getPayment(ID)).toMatchObject({ certainty: UNKNOWN, fault });
});

test("a relay alone does not say that an id stands for another payment", async () => {
  await using bench = await TerminalBench.start();
  const paying = bench.pay(sale);
  const submission = await bench.relay.next();
  submission.answered();
  await paying.report;
  const result = bench.readerBench.result(submission.payment, {});
  const ended = { recordNumber: "A1TESTRECRD0", state: APPROVED, certainty: FINAL, result };
  await bench.replaceTerminal();
  for (const totalMinor of [999n, 0n]) {
    bench.relay.record = recordOf({ ...ended, amounts: { totalMinor } });
    expect(await bench.reported(bench.pay(sale))).toMatchObject({
      certainty: UNKNOWN,
      fault: { code: "DUPLICATE_DIFFERS", certainty: UNKNOWN },
    });
  }
  bench.relay.record = recordOf({ ...ended, amounts: { totalMinor: 1_250n } });
  const told = { certainty: FINAL, state: APPROVED };
  expect(await bench.reported(bench.pay(sale))).toMatchObject(told);
});

function recordOf(wishes: Wishes) {
  const kind = PaymentKind.SALE;
  return create(PaymentRecordSchema, { paymentId: ID, kind, currency: EUR, ...wishes });
}

function tombstoneRecord(bench: TerminalBench, merchantId: string, wishes: Terms = {}) {
  const { result } = bench.relay.tombstone({ paymentId: ID, merchantId });
  const ended = { state: REVERSED, certainty: FINAL, ...(result && { result }) };
  return create(PaymentRecordSchema, {
    paymentId: ID,
    amounts: create(AmountsSchema),
    ...ended,
    ...wishes,
  });
}
