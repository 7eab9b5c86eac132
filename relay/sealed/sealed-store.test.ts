import pg from "pg";
import { expect, test } from "vitest";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { APPROVE } from "../../test/fixtures/fake-processor.ts";
import { TestBed } from "../../test/fixtures/relay-bed.ts";
import { openRelayStore } from "../relay-store.ts";
import { chainInMemory, MinuteKeys } from "./minute-keys.ts";

const MINUTE_MS = 60_000;
const ROWS = "SELECT tableoid::regclass::text AS table, record_number FROM sealed_payment";

/** A payment that is over, and one without an answer. */
async function bedWithBoth() {
  const bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const over = bed.signer.sign();
  terminal.submit(over.signed);
  await terminal.completedAs(over.paymentId, PaymentState.APPROVED);
  bed.processor.decide = () => "silence";
  const open = bed.signer.sign();
  terminal.submit(open.signed);
  const { recordNumber } = await terminal.recordedOf(open.paymentId);
  await bed.processor.until(() => bed.processor.authorizations.length === 2);
  return { bed, relay, open, recordNumber };
}

/** Any relay of this database, some minutes later. */
async function later(bed: TestBed, minutes: number) {
  bed.clock.putForward(minutes * MINUTE_MS);
  return openRelayStore(bed.databaseUrl, "A1", { minuteKeys: keysOf(bed) });
}

function keysOf(bed: TestBed): MinuteKeys {
  const nowMs = () => bed.clock.nowMs();
  return new MinuteKeys(chainInMemory(), { nowMs, random: bed.keys.random });
}

test("a table of some minutes ago is emptied, and what is open in it moves on", async () => {
  const { bed, relay, open, recordNumber } = await bedWithBoth();
  await using _bed = bed;
  const before = await bed.query(ROWS);
  expect(before).toHaveLength(2);
  await using store = await later(bed, 3);
  expect(await store.sealed.forget()).toBe(5);
  const [moved, ...others] = await bed.query(ROWS);
  expect(others).toEqual([]);
  expect(moved).toMatchObject({ record_number: recordNumber });
  expect(moved?.table).not.toBe(before[0]?.table);

  // Another relay that takes the payment over opens what moved.
  await relay[Symbol.asyncDispose]();
  bed.processor.decide = () => APPROVE;
  const second = await bed.startRelay();
  const { merchantId } = bed.keys.terminal;
  const key = { case: "paymentId", value: open.paymentId } as const;
  await expect
    .poll(async () => (await second.calls.getPayment({ key, merchantId })).payment?.state)
    .toBe(PaymentState.APPROVED);
});

test("what was written a moment ago stays, also by a clock that is a minute apart", async () => {
  const { bed } = await bedWithBoth();
  await using _bed = bed;
  await using store = await later(bed, 1);
  await store.sealed.forget();
  expect(await bed.query(ROWS)).toHaveLength(2);
});

test("a table that somebody reads is left for later: nobody waits", async () => {
  const { bed } = await bedWithBoth();
  await using _bed = bed;
  const reader = new pg.Client({ connectionString: bed.databaseUrl });
  await reader.connect();
  await reader.query("BEGIN");
  await reader.query(ROWS);
  await using store = await later(bed, 3);
  expect(await store.sealed.forget()).toBe(4);
  expect(await bed.query(ROWS)).toHaveLength(2);
  await reader.end();
  await expect.poll(() => store.sealed.forget()).toBe(5);
});

test.each([
  { sql: "SELECT empty_sealed_slot(3, 3)", says: /written to at present/ },
  { sql: "SELECT empty_sealed_slot(8, 3)", says: /does not exist/ },
])("no table is emptied by $sql", async ({ sql, says }) => {
  await using bed = await TestBed.start();
  await expect(bed.query(sql)).rejects.toThrow(says);
});
