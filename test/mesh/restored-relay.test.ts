import { expect, test } from "vitest";
import type { SignedPayment } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { Certainty, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { type ProcessorMesh, startProcessorMesh } from "../fixtures/processor-mesh.ts";
import { TestBed, type TestRelay } from "../fixtures/relay-bed.ts";
import { REFUSE_APPROVALS, TAKE_APPROVALS } from "./approvals-refused.ts";

const { APPROVED, REVERSED } = PaymentState;

const postings = (processor: ProcessorMesh) =>
  processor.query("SELECT kind, amount_minor::int FROM processor.posting ORDER BY kind DESC");

async function balanceOf({ registry, keys }: ProcessorMesh): Promise<bigint> {
  const { merchantId } = keys.terminal;
  return (await registry.getBalance({ merchantId, currency: 978 })).balanceMinor;
}

/** Its database is put back to before the payment. */
async function restored(bed: TestBed, relay: TestRelay, processor: ProcessorMesh) {
  await relay[Symbol.asyncDispose]();
  await bed.query(TAKE_APPROVALS);
  await bed.query("DELETE FROM record_event");
  await bed.query("DELETE FROM record");
  return await bed.startRelay({ processor: processor.processorAddress });
}

/** Three at a time, as terminal and till may ask; then what became of it. */
async function cancelled(relay: TestRelay, { paymentId, merchantId, payment }: Cancelled) {
  const cancel = async () =>
    (await relay.calls.cancelPayment({ paymentId, merchantId, payment })).completed;
  const numbers = await Promise.all([cancel(), cancel(), cancel()]);
  expect(new Set(numbers.map((one) => one?.recordNumber)).size).toBe(1);
  const key = { case: "paymentId", value: paymentId } as const;
  const find = async () => (await relay.calls.getPayment({ key, merchantId })).payment;
  await expect.poll(async () => (await find())?.certainty).toBe(Certainty.FINAL);
  await cancel();
  return await find();
}

interface Cancelled {
  readonly paymentId: string;
  readonly merchantId: string;
  readonly payment: SignedPayment;
}

test.each([
  {
    name: "is undone once, and nothing is left of it in the ledger",
    isAcknowledged: false,
    state: REVERSED,
    left: [
      { kind: "SALE", amount_minor: 1_250 },
      { kind: "REVERSAL", amount_minor: 1_250 },
    ],
    balance: 0n,
  },
  {
    name: "stays approved where the relay had acknowledged it",
    isAcknowledged: true,
    state: APPROVED,
    left: [{ kind: "SALE", amount_minor: 1_250 }],
    balance: 1_250n,
  },
])("what a restored relay has forgotten, cancelled with its bytes, $name", async (row) => {
  await using bed = await TestBed.start();
  await using processor = await startProcessorMesh({ keys: bed.keys });
  const { merchantId } = bed.keys.terminal;
  const before = await bed.startRelay({ processor: processor.processorAddress });
  await bed.register(before);
  if (!row.isAcknowledged) await bed.query(REFUSE_APPROVALS);
  const { signed, paymentId } = bed.signer.sign();
  before.openTerminal().submit(signed);
  const stored = () =>
    processor.query("SELECT state, acknowledged_revision FROM processor.payment");
  const acknowledged_revision = row.isAcknowledged ? 1 : 0;
  await expect.poll(stored).toEqual([{ state: "APPROVED", acknowledged_revision }]);
  expect(await balanceOf(processor)).toBe(1_250n);

  const relay = await restored(bed, before, processor);
  const end = await cancelled(relay, { paymentId, merchantId, payment: signed });
  expect(end).toMatchObject({ state: row.state, certainty: Certainty.FINAL });
  expect(await postings(processor)).toEqual(row.left);
  expect(await balanceOf(processor)).toBe(row.balance);
  const sum = "SELECT coalesce(sum(balance_minor), 0)::int AS sum FROM processor.account";
  expect(await processor.query(sum)).toEqual([{ sum: 0 }]);
});
