import { expect, test } from "vitest";
import { LinkProxy } from "../../chaos/proxy.ts";
import { Certainty, NextStep, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { TestBed } from "../../test/fixtures/relay-bed.ts";

const { APPROVED } = PaymentState;
const UNKNOWN = {
  code: "STORE_NOT_REACHED",
  certainty: Certainty.UNKNOWN,
  nextStep: NextStep.RETRY_SAME_ID,
};

/** A relay that reaches its database through a proxy. */
async function startBehindProxy(bed: TestBed) {
  const url = new URL(bed.databaseUrl);
  const proxy = await LinkProxy.open(url.host);
  url.host = proxy.address;
  const relay = await bed.startRelay({ databaseUrl: url.href });
  await bed.register(relay);
  return { relay, proxy };
}

test("a COMMIT whose answer was lost is unknown; the repeat finds what it did", async () => {
  await using bed = await TestBed.start();
  const { relay, proxy } = await startBehindProxy(bed);
  await using _proxy = proxy;
  const terminal = relay.openTerminal();
  const first = bed.signer.sign();
  terminal.submit(first.signed);
  await terminal.completedAs(first.paymentId, APPROVED);

  const { signed, paymentId } = bed.signer.sign();
  proxy.halfOpen("answers");
  terminal.submit(signed);
  const recorded = async () =>
    await bed.query("SELECT record_number FROM record WHERE payment_id = $1", [paymentId]);
  await expect.poll(recorded).toHaveLength(1);
  proxy.cut();
  expect((await terminal.refusedOf(paymentId)).fault).toMatchObject(UNKNOWN);
  expect(terminal.recorded).toHaveLength(1);

  proxy.heal();
  terminal.submit(signed);
  const { wasRecorded, recordNumber } = await terminal.recordedOf(paymentId);
  await terminal.completedAs(paymentId, APPROVED);
  expect([{ record_number: recordNumber }]).toEqual(await recorded());
  expect(wasRecorded).toBe(true);
});

test("a silent database is not waited for, and nothing is acknowledged", async () => {
  await using bed = await TestBed.start();
  const { relay, proxy } = await startBehindProxy(bed);
  await using _proxy = proxy;
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  proxy.halfOpen();
  terminal.submit(signed);
  expect((await terminal.refusedOf(paymentId)).fault).toMatchObject(UNKNOWN);
  expect(terminal.recorded).toEqual([]);
  proxy.heal();
  terminal.submit(signed);
  await terminal.completedAs(paymentId, APPROVED);
});

test("with a full disk nothing is acknowledged; with room again it goes on alone", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  // As PostgreSQL answers when a file cannot grow (SQLSTATE 53100, disk_full).
  await bed.query(`CREATE FUNCTION refuse_to_grow() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$`);
  await bed.query(`CREATE TRIGGER full_disk BEFORE INSERT ON record
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_grow()`);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  expect((await terminal.refusedOf(paymentId)).fault).toMatchObject(UNKNOWN);
  expect(bed.processor.authorizations).toEqual([]);
  await bed.query("DROP TRIGGER full_disk ON record");
  terminal.submit(signed);
  await terminal.completedAs(paymentId, APPROVED);
});
