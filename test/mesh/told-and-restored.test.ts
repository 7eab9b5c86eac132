import { expect, test } from "vitest";
import { Certainty, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { type ProcessorMesh, startProcessorMesh } from "../fixtures/processor-mesh.ts";
import { TestBed } from "../fixtures/relay-bed.ts";
import { REFUSE_APPROVALS, TAKE_APPROVALS } from "./approvals-refused.ts";
import { RelayCluster } from "./relay-cluster.ts";

const TEST_MS = 120_000;
const PATIENCE = { timeout: 60_000 };
/** Short, so that the restored relay finds the payment over. */
const DEADLINE_MS = 3_000;

const paymentsOf = (processor: ProcessorMesh) =>
  processor.query("SELECT state, acknowledged_revision FROM processor.payment");
const postingsOf = (processor: ProcessorMesh) =>
  processor.query("SELECT kind, amount_minor::int FROM processor.posting");

test.each([
  { what: "had arrived", lost: "SELECT", revision: 1 },
  {
    what: "was lost with the processor",
    lost: "UPDATE processor.payment SET acknowledged_revision = 0",
    revision: 0,
  },
])(
  "an approval that was told survives a relay restored from before; its acknowledgement $what",
  async ({ lost, revision }) => {
    await using cluster = await RelayCluster.start();
    await using bed = await TestBed.on(cluster.url);
    await using processor = await startProcessorMesh({ keys: bed.keys });
    const options = { processor: processor.processorAddress, deadlineMs: DEADLINE_MS };
    const relay = await bed.startRelay(options);
    await bed.register(relay);
    // The backup has the payment as it is on its way.
    await cluster.query(REFUSE_APPROVALS);
    const { signed, paymentId } = bed.signer.sign();
    const terminal = relay.openTerminal();
    terminal.submit(signed);
    await expect.poll(() => postingsOf(processor), PATIENCE).toHaveLength(1);
    await cluster.baseBackup();
    await cluster.query(TAKE_APPROVALS);
    const told = await terminal.completedAs(paymentId, PaymentState.APPROVED);
    expect(told.certainty).toBe(Certainty.FINAL);
    await expect
      .poll(() => paymentsOf(processor), PATIENCE)
      .toEqual([{ state: "APPROVED", acknowledged_revision: 1 }]);
    await relay[Symbol.asyncDispose]();
    await processor.query(lost);
    await cluster.recover();
    await cluster.query(TAKE_APPROVALS);
    expect(await paymentsOf(processor)).toMatchObject([{ acknowledged_revision: revision }]);

    const restored = await bed.startRelay(options);
    const key = { case: "paymentId", value: paymentId } as const;
    const { merchantId } = bed.keys.terminal;
    const payment = async () => (await restored.calls.getPayment({ key, merchantId })).payment;
    await expect.poll(payment, PATIENCE).toMatchObject({
      state: PaymentState.APPROVED,
      certainty: Certainty.FINAL,
      recordNumber: told.recordNumber,
    });
    expect(await postingsOf(processor)).toEqual([{ kind: "SALE", amount_minor: 1_250 }]);
    await expect
      .poll(() => paymentsOf(processor), PATIENCE)
      .toEqual([{ state: "APPROVED", acknowledged_revision: 1 }]);
  },
  TEST_MS,
);
