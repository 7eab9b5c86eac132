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
import { seededRandom } from "../../sealing/seeded-random.ts";
import { freshDatabase, type TestDatabase } from "../../test/setup/database.ts";
import { openRelayStore, type RelayStore } from "../relay-store.ts";
import type { Completion } from "./record-store.ts";

const NOW_MS = 1_767_225_600_000;
const STATES = Object.keys(PAYMENT_TRANSITIONS) as StateName[];
const random = seededRandom("record store");

let database: TestDatabase;
let store: RelayStore;
let client: pg.Client;

beforeAll(async () => {
  database = await freshDatabase("relay");
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
  await store.recovery.insertTombstone(tombstone, NOW_MS);
  await client.query("UPDATE record SET state = $2, revision = $3 WHERE record_number = $1", [
    recordNumber,
    state,
    revision,
  ]);
  return recordNumber;
}

function completion(recordNumber: RecordNumber, state: StateName, revision: number): Completion {
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
  };
}

test.each(STATES)("from %s the database lets exactly the legal states follow", async (from) => {
  for (const to of STATES) {
    const recordNumber = await recordIn(from);
    const changed = await store.records.complete([completion(recordNumber, to, 1)], NOW_MS);
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
  const changed = await store.records.complete(
    [completion(recordNumber, "VOIDED", revision)],
    NOW_MS,
  );
  expect(changed.has(recordNumber)).toBe(isTaken);
});

test("of two outcomes of one record in one batch one is taken", async () => {
  const recordNumber = await recordIn("FORWARDED");
  const changed = await store.records.complete(
    [completion(recordNumber, "APPROVED", 1), completion(recordNumber, "DECLINED", 2)],
    NOW_MS,
  );
  expect(changed.size).toBe(1);
  const [record] = await store.records.findByNumbers([recordNumber]);
  const events = await store.events.ofRecord(recordNumber);
  expect(events.map(({ state }) => state)).toEqual(["REVERSING", record?.state]);
});

test("what one instance claimed nobody gets before it is due again", async () => {
  const recordNumber = await recordIn("REVERSING");
  await client.query("UPDATE record SET due_at = NULL WHERE record_number <> $1", [recordNumber]);
  const other = openRelayStore(database.url, "A2");
  const dueMs = NOW_MS + 5_000;
  expect(await other.recovery.claimDue(dueMs, 1)).toEqual([]);
  expect(await store.recovery.claimDue(dueMs, 1)).toMatchObject([{ recordNumber, claimNumber: 1 }]);
  expect(await store.recovery.claimDue(dueMs, 1)).toEqual([]);
  const overdueMs = NOW_MS + 60_000;
  const [byOther, byOwner] = await Promise.all([
    other.recovery.claimDue(overdueMs, 1),
    store.recovery.claimDue(overdueMs, 1),
  ]);
  expect([...byOther, ...byOwner]).toMatchObject([{ recordNumber, claimNumber: 2 }]);
  await other[Symbol.asyncDispose]();
});

test("a record that another instance is changing just now is passed over", async () => {
  const recordNumber = await recordIn("REVERSING");
  await client.query("UPDATE record SET due_at = NULL WHERE record_number <> $1", [recordNumber]);
  await client.query("BEGIN");
  await client.query("SELECT FROM record WHERE record_number = $1 FOR UPDATE", [recordNumber]);
  expect(await store.recovery.claimDue(NOW_MS + 5_000, 1)).toEqual([]);
  await client.query("COMMIT");
  expect(await store.recovery.claimDue(NOW_MS + 5_000, 1)).toHaveLength(1);
});

test("who held a record before another claimed it can neither forward nor reverse it", async () => {
  const recordNumber = await recordIn("RECEIVED");
  await client.query("UPDATE record SET claim_number = 1 WHERE record_number = $1", [recordNumber]);
  const stale = { recordNumber, claimNumber: 0 };
  const reverse = create(SignedReverseSchema, { reverse: Uint8Array.of(2) });
  expect(await store.records.markForwarded([stale], NOW_MS)).toEqual(new Set());
  const reversing = { ...stale, reverse, faultCode: undefined };
  expect(await store.recovery.beginReversals([reversing], NOW_MS)).toEqual(new Set());
  const current = { recordNumber, claimNumber: 1 };
  expect(await store.records.markForwarded([current], NOW_MS)).toEqual(new Set([recordNumber]));
});

test("repeats of a reversal come at growing intervals, up to a minute", async () => {
  const recordNumber = await recordIn("REVERSING");
  await client.query("UPDATE record SET due_at = NULL WHERE record_number <> $1", [recordNumber]);
  const intervalsMs: number[] = [];
  let nowMs = NOW_MS + 1_000;
  for (let repeat = 1; repeat <= 9; repeat += 1) {
    expect(await store.recovery.claimDue(nowMs, 1)).toHaveLength(1);
    const { rows } = await client.query<{ due_at: Date }>(
      "SELECT due_at FROM record WHERE record_number = $1",
      [recordNumber],
    );
    const dueMs = rows[0]?.due_at.getTime() ?? 0;
    intervalsMs.push(dueMs - nowMs);
    nowMs = dueMs;
  }
  expect(intervalsMs).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1_000));
});
