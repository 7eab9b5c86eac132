import { create } from "@bufbuild/protobuf";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  SignedResultSchema,
  SignedReverseSchema,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { type MerchantId, newPaymentId, parseRelayId } from "../../payment/identifiers.ts";
import { newRecordNumber, type RecordNumber } from "../../payment/record-number.ts";
import { mayFollow, PAYMENT_TRANSITIONS, type StateName } from "../../payment/states.ts";
import { seededRandom } from "../../sealing/testing/seeded-random.ts";
import { DatabaseTime } from "../../test/fixtures/database-time.ts";
import { freshDatabase, type TestDatabase } from "../../test/setup/database.ts";
import { openRelayStore, type RelayStore } from "../relay-store.ts";
import type { WrittenEnding } from "./record-store.ts";

const NOW_MS = 1_767_225_600_000;
const STATES = Object.keys(PAYMENT_TRANSITIONS) as StateName[];
const random = seededRandom("record store");

let database: TestDatabase;
let store: RelayStore;
let client: pg.Client;
let time: DatabaseTime;

beforeAll(async () => {
  database = await freshDatabase("relay");
  time = await DatabaseTime.of(database.url);
  store = openRelayStore(database.url, "A1");
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await store[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

/** A record in that state, with its result in that revision. */
async function recordIn(state: StateName, revision = 0): Promise<RecordNumber> {
  const recordNumber = newRecordNumber(parseRelayId("A1"), 0, random.bytes(5));
  const reverse = create(SignedReverseSchema, { reverse: Uint8Array.of(1) });
  const tombstone = {
    recordNumber,
    merchantId: "CORNERCOFFEE001" as MerchantId,
    paymentId: newPaymentId(NOW_MS, random.bytes(10)),
    terminalId: "" as const,
    reverse,
    traceparent: "",
  };
  await store.recovery.insertTombstone(tombstone);
  // A payment that came: one that nobody submitted has no events.
  const became = "kind = 'SALE', state = $2, revision = $3";
  await client.query(`UPDATE record SET ${became} WHERE record_number = $1`, [
    recordNumber,
    state,
    revision,
  ]);
  return recordNumber;
}

function ending(recordNumber: RecordNumber, state: StateName, revision: number): WrittenEnding {
  return {
    recordNumber,
    state,
    revision,
    responseCode: "00",
    approvalCode: "A1B2C3",
    retrievalReference: "000000000042",
    approvedAmountMinor: 1_250n,
    lastFour: "4242",
    scheme: "VISA",
    result: create(SignedResultSchema, { result: Uint8Array.of(revision) }),
    faultCode: undefined,
    isKept: false,
  };
}

test.each(STATES)("from %s the database lets exactly the legal states follow", async (from) => {
  for (const to of STATES) {
    const recordNumber = await recordIn(from);
    const changed = await store.records.complete([ending(recordNumber, to, 1)]);
    expect({ to, isChanged: changed.has(recordNumber) }).toEqual({
      to,
      isChanged: mayFollow(from, to),
    });
  }
});

test.each([
  { revision: 1, known: 1, isTaken: false },
  { revision: 1, known: 2, isTaken: false },
  { revision: 2, known: 1, isTaken: true },
])("revision $revision after $known is taken: $isTaken", async ({ revision, known, isTaken }) => {
  const recordNumber = await recordIn("APPROVED", known);
  const changed = await store.records.complete([ending(recordNumber, "VOIDED", revision)]);
  expect(changed.has(recordNumber)).toBe(isTaken);
});

test("of two outcomes of one record in one batch one is taken", async () => {
  const recordNumber = await recordIn("FORWARDED");
  const changed = await store.records.complete([
    ending(recordNumber, "APPROVED", 1),
    ending(recordNumber, "DECLINED", 2),
  ]);
  expect(changed.size).toBe(1);
  const [record] = await store.records.findByNumbers([recordNumber]);
  const events = await store.events.ofRecord(recordNumber);
  expect(events.map(({ state }) => state)).toEqual([record?.state]);
});

test("what one instance claimed nobody gets before it is due again", async () => {
  const recordNumber = await recordIn("REVERSING");
  await client.query("UPDATE record SET due_at = NULL WHERE record_number <> $1", [recordNumber]);
  const other = openRelayStore(database.url, "A2");
  await time.putForward(5_000);
  expect(await other.recovery.claim("due", 1)).toEqual([]);
  const claimed = await store.recovery.claim("due", 1);
  expect(claimed).toMatchObject([{ recordNumber, claimNumber: 1 }]);
  expect(await store.recovery.claim("due", 1)).toEqual([]);
  await time.putForward(60_000);
  const [byOther, byOwner] = await Promise.all([
    other.recovery.claim("due", 1),
    store.recovery.claim("due", 1),
  ]);
  expect([...byOther, ...byOwner]).toMatchObject([{ recordNumber, claimNumber: 2 }]);
  await other[Symbol.asyncDispose]();
});

test("a record that another instance is changing just now is passed over", async () => {
  const recordNumber = await recordIn("REVERSING");
  await client.query("UPDATE record SET due_at = NULL WHERE record_number <> $1", [recordNumber]);
  await client.query("BEGIN");
  await client.query("SELECT FROM record WHERE record_number = $1 FOR UPDATE", [recordNumber]);
  await time.putForward(5_000);
  expect(await store.recovery.claim("due", 1)).toEqual([]);
  await client.query("COMMIT");
  expect(await store.recovery.claim("due", 1)).toHaveLength(1);
});

test("who held a record before another claimed it can neither forward nor reverse it", async () => {
  const recordNumber = await recordIn("RECEIVED");
  const [stale] = await store.records.findByNumbers([recordNumber]);
  if (stale === undefined) throw new Error("bug: the record was just written");
  await client.query("UPDATE record SET claim_number = 1 WHERE record_number = $1", [recordNumber]);
  const reverse = create(SignedReverseSchema, { reverse: Uint8Array.of(2) });
  expect(await store.records.markForwarded([stale])).toEqual(new Set());
  const reversing = { ...stale, reverse, faultCode: undefined };
  expect(await store.recovery.beginReversals([reversing])).toEqual(new Set());
  const current = { recordNumber, claimNumber: 1 };
  expect(await store.records.markForwarded([current])).toEqual(new Set([recordNumber]));
});

test("repeats of a reversal come at growing intervals, up to a minute", async () => {
  const recordNumber = await recordIn("REVERSING");
  await client.query("UPDATE record SET due_at = NULL WHERE record_number <> $1", [recordNumber]);
  const intervalsMs: number[] = [];
  await time.putForward(1_000);
  for (let repeat = 1; repeat <= 9; repeat += 1) {
    expect(await store.recovery.claim("due", 1)).toHaveLength(1);
    const { rows } = await client.query<{ left_ms: number }>(
      `SELECT (extract(epoch FROM due_at - now()) * 1000)::float8 AS left_ms FROM record
       WHERE record_number = $1`,
      [recordNumber],
    );
    const leftMs = rows[0]?.left_ms ?? 0;
    intervalsMs.push(Math.ceil(leftMs / 1_000));
    await time.putForward(leftMs);
  }
  expect(intervalsMs).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
});

test.each(["RECEIVED", "REVERSING"] as const)(
  "what is due in two hours is due now (%s): the database's clock was put back",
  async (state) => {
    await time.putForward(7_200_000);
    const recordNumber = await recordIn(state);
    await time.putForward(-7_200_000);
    await client.query("UPDATE record SET due_at = NULL WHERE record_number <> $1", [recordNumber]);
    const other = openRelayStore(database.url, "A2");
    expect(await other.recovery.claim("due", 1)).toEqual([]);
    const claimed = await other.recovery.claim("misdated", 1);
    expect(claimed).toMatchObject([{ recordNumber, claimNumber: 1, timeLeftMs: 0 }]);
    expect(await other.recovery.claim("misdated", 1)).toEqual([]);
    await time.putForward(5_000);
    expect(await other.recovery.claim("due", 1)).toMatchObject([{ recordNumber, claimNumber: 2 }]);
    await other[Symbol.asyncDispose]();
  },
);
