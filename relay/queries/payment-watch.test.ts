import { ConnectError } from "@connectrpc/connect";
import pg from "pg";
import { expect, test } from "vitest";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { WatchPaymentsResponse } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { paymentErrorFrom } from "../../mesh/errors-to-wire.ts";
import { nextChanges, TestBed, type TestRelay } from "../../test/fixtures/relay-bed.ts";

const { APPROVED, FORWARDED } = PaymentState;

async function pay(bed: TestBed, relay: TestRelay): Promise<string> {
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign({ pin: null });
  terminal.submit(signed);
  const { recordNumber } = await terminal.completedAs(paymentId, APPROVED);
  terminal.close();
  return recordNumber;
}

/** Until it can be told: other tests' transactions in the same cluster hold the log back. */
async function payBeforehand(bed: TestBed, relay: TestRelay): Promise<void> {
  await pay(bed, relay);
  await nextChanges(relay.calls.watchPayments({}), 2);
}

function neverHere(): never {
  throw new Error("no error came");
}

test("every change is told once, in order, and a watch resumes after any of them", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const numbers = [await pay(bed, relay), await pay(bed, relay), await pay(bed, relay)];
  const all = await nextChanges(relay.calls.watchPayments({}), 6);
  expect(all.map(({ payment, state }) => [payment?.recordNumber, state])).toEqual(
    numbers.flatMap((number) => [
      [number, FORWARDED],
      [number, APPROVED],
    ]),
  );
  const sequences = all.map(({ sequence }) => sequence);
  expect(sequences).toEqual([...sequences].sort((a, b) => Number(a - b)));

  for (const [index, { sequence }] of all.slice(0, -1).entries()) {
    const rest = await nextChanges(
      relay.calls.watchPayments({ afterSequence: sequence }),
      all.length - index - 1,
    );
    expect(rest.map((one) => one.sequence)).toEqual(sequences.slice(index + 1));
  }
});

test("a watch that is open hears what happens from now on, of its merchant", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  await payBeforehand(bed, relay);
  const { merchantId } = bed.keys.terminal;
  const own = relay.calls.watchPayments({ fromNow: true, merchantId });
  const ofOthers = relay.calls.watchPayments({ merchantId: "ANOTHERSHOP0001" });
  const iterator = own[Symbol.asyncIterator]();
  const nothing = ofOthers[Symbol.asyncIterator]();
  expect((await iterator.next()).value).toMatchObject({ sequence: 0n });
  expect((await nothing.next()).value).toMatchObject({ sequence: 0n });

  const number = await pay(bed, relay);
  const heard = await nextChanges({ [Symbol.asyncIterator]: () => iterator }, 2);
  expect(heard.map(({ payment }) => payment?.recordNumber)).toEqual([number, number]);
  await bed.putForward(11_000);
  expect((await nothing.next()).value).toMatchObject({ sequence: 0n });
});

test.each([
  { log: "an empty log", payments: 0 },
  { log: "a log", payments: 1 },
])("a watch of $log that has heard no change yet goes on without a gap", async ({ payments }) => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  for (let number = 1; number <= payments; number += 1) await pay(bed, relay);
  const watch = relay.calls.watchPayments({ fromNow: true })[Symbol.asyncIterator]();
  const { position } = (await watch.next()).value as WatchPaymentsResponse;
  await watch.return?.();

  const number = await pay(bed, relay);
  const missed: WatchPaymentsResponse[] = [];
  for await (const change of relay.calls.watchPayments({ afterSequence: position })) {
    // Other tests' transactions in the same cluster may hold the first position back.
    if (change.payment?.recordNumber === number) missed.push(change);
    if (missed.length === 2) break;
  }
  expect(missed.map(({ state }) => state)).toEqual([FORWARDED, APPROVED]);
  expect(missed.map((change) => change.position)).toEqual(missed.map(({ sequence }) => sequence));
});

test("signs of life carry the position of what other merchants did, too", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const merchantId = "ANOTHERSHOP0001";
  const watch = relay.calls.watchPayments({ fromNow: true, merchantId })[Symbol.asyncIterator]();
  const first = (await watch.next()).value as WatchPaymentsResponse;
  await pay(bed, relay);
  let { position } = first;
  while (position === first.position) {
    bed.clock.putForward(11_000);
    const sign = (await watch.next()).value as WatchPaymentsResponse;
    expect(sign).toMatchObject({ sequence: 0n });
    position = sign.position;
  }
  expect(position).toBeGreaterThan(first.position);
});

test("a position ahead of the log is told: the log was reset", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  await pay(bed, relay);
  const [row] = await bed.query(
    "SELECT (max(sequence) + (1::bigint << 40))::text AS sequence FROM record_event",
  );
  const afterSequence = BigInt(String(row?.sequence));
  const watch = nextChanges(relay.calls.watchPayments({ afterSequence }), 1);
  const error = paymentErrorFrom(await watch.then(neverHere, ConnectError.from));
  expect(error).toMatchObject({ code: "WRONG_STATE", field: "after_sequence" });
  expect(error?.message).toContain("the log was reset");
});

test("a transaction that somebody forgot is told from calm", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const forgotten = new pg.Client({ connectionString: bed.databaseUrl });
  await forgotten.connect();
  const watch = relay.calls.watchPayments({ fromNow: true })[Symbol.asyncIterator]();
  expect((await watch.next()).value).toMatchObject({ sequence: 0n, heldBackMs: 0n });
  await forgotten.query("BEGIN; CREATE TEMP TABLE nobody_ends_this ()");
  await pay(bed, relay);
  const held = async (): Promise<bigint> => {
    for (;;) {
      bed.clock.putForward(11_000);
      const { sequence, heldBackMs } = (await watch.next()).value as WatchPaymentsResponse;
      expect(sequence).toBe(0n);
      if (heldBackMs > 11_000n) return heldBackMs;
    }
  };
  expect(await held()).toBeGreaterThan(11_000n);
  await forgotten.query("COMMIT");
  await forgotten.end();
  expect(await nextChanges({ [Symbol.asyncIterator]: () => watch }, 2)).toHaveLength(2);
});

test("a change that commits late is not skipped", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const slow = new pg.Client({ connectionString: bed.databaseUrl });
  await slow.connect();
  await slow.query("BEGIN");
  // It takes its place in the order now, and commits after the payment below.
  await slow.query(
    `INSERT INTO record_event (sequence, record_number, merchant_id, state, changed_at)
     SELECT (pg_current_xact_id()::text::bigint << 20) + 1, 'A10000000000', 'X', 'DECLINED', now()`,
  );
  const number = await pay(bed, relay);
  const watch = relay.calls.watchPayments({})[Symbol.asyncIterator]();
  expect((await watch.next()).value).toMatchObject({ sequence: 0n });
  // Nothing is told beyond the transaction that is still running.
  const next = watch.next();
  const told = { isTold: false };
  void next.then(() => {
    told.isTold = true;
  });
  await relay.calls.listPayments({});
  expect(told.isTold).toBe(false);

  await slow.query("COMMIT");
  await slow.end();
  expect((await next).value?.payment?.recordNumber).toBe(number);
  const [first] = await bed.query("SELECT record_number FROM record_event ORDER BY sequence");
  expect(first).toEqual({ record_number: "A10000000000" });
});
