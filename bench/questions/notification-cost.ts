// What telling people of a payment adds to the statement that completes it: microseconds of CPU in
// PostgreSQL and in the relay's part of it, per payment.
//
//     node bench/questions/notification-cost.ts [rounds]
//
// One PostgreSQL; terminals that tell nobody, one address or two take turns in short rounds, so
// that all meet the same machine. The relay's part is the store alone, in this process. Nothing is
// sent: what the queue costs when it is worked is no payment's time. Linux only, because of /proc.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import pg from "pg";
import { SignedReverseSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { systemClock as clock } from "../../mesh/clock.ts";
import {
  newPaymentId,
  parseMerchantId,
  parseRelayId,
  parseTerminalId,
} from "../../payment/identifiers.ts";
import { newRecordNumber, parseRecordNumber } from "../../payment/record-number.ts";
import { startEmbeddedPostgres } from "../../prisma/embedded/embedded-postgres.ts";
import { applyMigrations } from "../../prisma/migrations/migrate.ts";
import { openRelayStore, type RelayStore } from "../../relay/relay-store.ts";
import { systemRandom as random } from "../../sealing/random.ts";
import { useOfPostgres } from "../cpu/process-use.ts";

const ROUNDS = 12;
/** Not counted: plans are made, tables grow their first pages. */
const WARM_UP_ROUNDS = 2;
/** Statements of one round, and payments in each: a flush at a moderate load. */
const FLUSHES = 60;
const FLUSH_SIZE = 16;
const MERCHANT = parseMerchantId("CORNERCOFFEE001");

/** Terminal → whom it tells. */
const TERMINALS = {
  "nobody is told": { terminalId: "TILLNONE", phone: "", email: "" },
  "one address": { terminalId: "TILLMAIL", phone: "", email: "till@shop.example" },
  "two addresses": { terminalId: "TILLBOTH", phone: "+12025550123", email: "till@shop.example" },
} as const;

type Variant = keyof typeof TERMINALS;

const VARIANTS = Object.keys(TERMINALS) as Variant[];

interface Cost {
  postgresMicros: number;
  relayMicros: number;
  elapsedMicros: number;
  walBytes: number;
  payments: number;
}

await using resources = new AsyncDisposableStack();
const home = mkdtempSync(join(tmpdir(), "cardlane-bench-"));
resources.defer(() => rmSync(home, { recursive: true, force: true }));
const postgres = resources.use(
  await startEmbeddedPostgres({ dataDirectory: join(home, "postgres") }),
);
await postgres.createDatabase("relay");
const databaseUrl = postgres.url("relay");
await applyMigrations({ name: "relay", databaseUrl });
const client = new pg.Client({ connectionString: databaseUrl });
await client.connect();
resources.defer(() => client.end());
const store = resources.use(openRelayStore(databaseUrl, "A1"));
await writeTerminals();
report(await measure(store, Number(process.argv[2] ?? ROUNDS)));

async function measure(into: RelayStore, rounds: number): Promise<ReadonlyMap<Variant, Cost>> {
  const costs = new Map<Variant, Cost>();
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    // Who comes first in a round changes, so that nobody always follows the same one.
    for (let turn = 0; turn < VARIANTS.length; turn += 1) {
      const variant = VARIANTS[(turn + round + WARM_UP_ROUNDS) % VARIANTS.length] as Variant;
      const numbers = await writeRecords(TERMINALS[variant].terminalId);
      const cost = await costOf(() => complete(into, numbers));
      if (round >= 0) costs.set(variant, sumOf(costs.get(variant), cost));
      await client.query("TRUNCATE record, record_event, notification");
      await client.query("TRUNCATE graphile_worker._private_jobs");
    }
  }
  return costs;
}

async function complete(into: RelayStore, numbers: readonly string[]): Promise<void> {
  for (let at = 0; at < numbers.length; at += FLUSH_SIZE) {
    const flush = numbers.slice(at, at + FLUSH_SIZE).map((number) => ({
      recordNumber: parseRecordNumber(number),
      state: "APPROVED" as const,
      revision: 1,
      responseCode: "00",
      approvalCode: "A1B2C3",
      retrievalReference: "000000000042",
      approvedAmountMinor: 1_250n,
      lastFour: "4242",
      scheme: "VISA",
      result: undefined,
      faultCode: undefined,
      isKept: false,
    }));
    const changed = await into.records.complete(flush);
    if (changed.size !== flush.length) throw new Error(`bug: completed ${changed.size} records`);
  }
}

async function costOf(work: () => Promise<void>): Promise<Cost> {
  const before = await read();
  await work();
  const after = await read();
  return {
    postgresMicros: after.postgresMicros - before.postgresMicros,
    relayMicros: after.relayMicros - before.relayMicros,
    elapsedMicros: after.elapsedMicros - before.elapsedMicros,
    walBytes: after.walBytes - before.walBytes,
    payments: FLUSHES * FLUSH_SIZE,
  };
}

async function read(): Promise<Omit<Cost, "payments">> {
  const { rows } = await client.query<{ readonly bytes: string }>(
    "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS bytes",
  );
  const { user, system } = process.cpuUsage();
  return {
    postgresMicros: useOfPostgres(postgres.pid).cpuSeconds * 1e6,
    relayMicros: user + system,
    elapsedMicros: clock.monotonicMs() * 1e3,
    walBytes: Number(rows[0]?.bytes),
  };
}

function sumOf(sum: Cost | undefined, cost: Cost): Cost {
  if (sum === undefined) return cost;
  return {
    postgresMicros: sum.postgresMicros + cost.postgresMicros,
    relayMicros: sum.relayMicros + cost.relayMicros,
    elapsedMicros: sum.elapsedMicros + cost.elapsedMicros,
    walBytes: sum.walBytes + cost.walBytes,
    payments: sum.payments + cost.payments,
  };
}

async function writeTerminals(): Promise<void> {
  for (const { terminalId, phone, email } of Object.values(TERMINALS)) {
    await client.query(
      `INSERT INTO terminal (terminal_id, merchant_id, merchant_name, state, currencies,
         certificate_id, certificate, not_after, registered_at)
       VALUES ($1, $2, 'Corner Coffee', 'ACTIVE', '{978}', '', '', now(), now())`,
      [terminalId, MERCHANT],
    );
    const contact = { phone, email, language: "en", timeZone: "UTC" };
    await store.contacts.set([
      { merchantId: MERCHANT, terminalId: parseTerminalId(terminalId), contact },
    ]);
  }
}

/** As they are when the processor has them. @returns their numbers. */
async function writeRecords(terminalId: string): Promise<readonly string[]> {
  const numbers = Array.from({ length: FLUSHES * FLUSH_SIZE }, () =>
    newRecordNumber(parseRelayId("A1"), clock.nowMs(), random.bytes(5)),
  );
  await store.recovery.insertTombstone({
    recordNumber: newRecordNumber(parseRelayId("A1"), clock.nowMs(), random.bytes(5)),
    merchantId: MERCHANT,
    paymentId: newPaymentId(clock.nowMs(), random.bytes(10)),
    terminalId: "",
    reverse: create(SignedReverseSchema),
    traceparent: "",
  });
  await client.query(
    `INSERT INTO record SELECT (jsonb_populate_record(template, jsonb_build_object(
       'record_number', number, 'payment_id', gen_random_uuid(), 'state', 'FORWARDED',
       'terminal_id', $2::text, 'total_minor', 1250, 'currency', 978, 'due_at', NULL,
       'reader_payment', '\\x' || repeat('5a', 800)))).*
     FROM record AS template, unnest($1::text[]) AS number`,
    [numbers, terminalId],
  );
  return numbers;
}

function report(costs: ReadonlyMap<Variant, Cost>): void {
  const head = ["", "PostgreSQL µs", "relay µs", "elapsed µs", "WAL bytes"];
  const inOrder = [...costs].sort(
    ([one], [other]) => VARIANTS.indexOf(one) - VARIANTS.indexOf(other),
  );
  const rows = inOrder.map(([variant, cost]) => [
    variant,
    ...[cost.postgresMicros, cost.relayMicros, cost.elapsedMicros, cost.walBytes].map((value) =>
      (value / cost.payments).toFixed(1),
    ),
  ]);
  console.log(`per payment, flushes of ${FLUSH_SIZE}, ${costs.size} variants in turns`);
  for (const [name = "", ...values] of [head, ...rows]) {
    console.log(name.padEnd(16) + values.map((value) => value.padStart(14)).join(""));
  }
}
