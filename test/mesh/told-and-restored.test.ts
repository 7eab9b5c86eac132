import pg from "pg";
import { expect, test } from "vitest";
import { Certainty, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { type ProcessorMesh, startProcessorMesh } from "../fixtures/processor-mesh.ts";
import { TestBed } from "../fixtures/relay-bed.ts";
import { RelayCluster } from "./relay-cluster.ts";

const TEST_MS = 120_000;
const PATIENCE = { timeout: 60_000 };
/** Short, so that the restored relay finds the payment over. */
const DEADLINE_MS = 3_000;

const NO_OUTCOMES = `
  CREATE FUNCTION refuse_outcome() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
  CREATE TRIGGER no_outcomes BEFORE UPDATE ON record
    FOR EACH ROW WHEN (NEW.state = 'APPROVED') EXECUTE FUNCTION refuse_outcome()`;
const OUTCOMES = "DROP TRIGGER no_outcomes ON record";

async function ask(processor: ProcessorMesh, text: string): Promise<readonly pg.QueryResultRow[]> {
  const client = new pg.Client({ connectionString: processor.databaseUrl });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

const paymentsOf = (processor: ProcessorMesh) =>
  ask(processor, "SELECT state, acknowledged_revision FROM processor.payment");
const postingsOf = (processor: ProcessorMesh) =>
  ask(processor, "SELECT kind, amount_minor::int FROM processor.posting");

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
    await cluster.query(NO_OUTCOMES);
    const { signed, paymentId } = bed.signer.sign();
    const terminal = relay.openTerminal();
    terminal.submit(signed);
    await expect.poll(() => postingsOf(processor), PATIENCE).toHaveLength(1);
    await cluster.baseBackup();
    await cluster.query(OUTCOMES);
    const told = await terminal.completedAs(paymentId, PaymentState.APPROVED);
    expect(told.certainty).toBe(Certainty.FINAL);
    await expect
      .poll(() => paymentsOf(processor), PATIENCE)
      .toEqual([{ state: "APPROVED", acknowledged_revision: 1 }]);
    await relay[Symbol.asyncDispose]();
    await ask(processor, lost);
    await cluster.recover();
    await cluster.query(OUTCOMES);
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
