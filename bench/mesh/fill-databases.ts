import pg from "pg";
import type { EmbeddedPostgres } from "../../prisma/embedded/embedded-postgres.ts";

/**
 * Fills both databases with copies of one payment that is final, so that `count` payments look
 * back in time, one a second: other ids, numbers, readers and times, everything else as it was.
 * Neither the relay nor the processor is told; to them, these are simply there.
 *
 * @throws Error when no payment is final yet.
 */
export async function fillDatabases(postgres: EmbeddedPostgres, count: number): Promise<void> {
  await inDatabase(postgres, "relay", async (client) => {
    await copyRows(client, { table: "record", where: "due_at IS NULL", count, values: RECORD });
    await copyRows(client, {
      table: "record_event",
      where: `record_number = (SELECT min(record_number) FROM "record_event")`,
      count,
      values: RECORD_EVENT,
    });
  });
  await inDatabase(postgres, "processor", async (client) => {
    const source = `payment_id = (SELECT payment_id FROM "processor"."posting" LIMIT 1)`;
    const copy = (table: string, values: Readonly<Record<string, string>>) =>
      copyRows(client, { table, where: source, count, values });
    await copy(`"processor"."payment"`, PAYMENT);
    await copy(`"processor"."posting"`, { payment_id: PAYMENT_ID });
  });
}

/** As payment/identifiers.ts makes them: UUID version 7, so later ones stand further right. */
const PAYMENT_ID = `(lpad(to_hex((now_ms - 1000 * (total - n))::bigint), 12, '0')
  || '70008000' || lpad(to_hex(n), 12, '0'))::uuid`;
/**
 * All over the place, where real ones begin with their second: an odd factor makes each number
 * below 2^40 once.
 */
const RECORD_NUMBER = `'A1'
  || lpad(upper(to_hex((n::bigint * 679891637639) & 1099511627775)), 10, '0')`;
const EARLIER = "(total - n) * interval '1 second'";

/** Column → its value in the copy, out of the row `source`, n, total and now_ms. */
const RECORD = {
  record_number: RECORD_NUMBER,
  payment_id: PAYMENT_ID,
  recorded_at: `source.recorded_at - ${EARLIER}`,
  forwarded_at: `source.forwarded_at - ${EARLIER}`,
  deadline_at: `source.deadline_at - ${EARLIER}`,
  completed_at: `source.completed_at - ${EARLIER}`,
};
const RECORD_EVENT = {
  // Real ones are above 2^20 times the number of the server's first transaction.
  sequence: "n * 10::bigint + row_number() OVER (PARTITION BY n ORDER BY source.sequence)",
  record_number: RECORD_NUMBER,
  changed_at: `source.changed_at - ${EARLIER}`,
};
const PAYMENT = {
  payment_id: PAYMENT_ID,
  record_number: RECORD_NUMBER,
  // Of a thousand readers.
  signing_key_id: "substr(sha512(int4send(n % 1000)), 1, 8)",
  counter: "n / 1000 + 1",
  processor_time_ms: "source.processor_time_ms - 1000 * (total - n)",
};

async function copyRows(
  client: pg.Client,
  copy: {
    readonly table: string;
    /** Which rows are copied: those of one payment. */
    readonly where: string;
    readonly count: number;
    readonly values: Readonly<Record<string, string>>;
  },
): Promise<void> {
  const { table, where, count, values } = copy;
  const { fields } = await client.query(`SELECT * FROM ${table} LIMIT 0`);
  const columns = fields.map(({ name }) => `"${name}"`).join(", ");
  const copied = fields.map(({ name }) => values[name] ?? `source."${name}"`).join(", ");
  const ofOne = table === "record" ? "LIMIT 1" : "";
  const { rowCount } = await client.query(
    `INSERT INTO ${table} (${columns}) SELECT ${copied}
     FROM (SELECT * FROM ${table} WHERE ${where} ${ofOne}) AS source,
       generate_series(1, ${count}) AS n,
       (SELECT ${count} AS total, extract(epoch FROM now()) * 1000 AS now_ms) AS facts`,
  );
  if (rowCount === null || rowCount < count) throw new Error(`no payment in ${table} to copy`);
}

/** Afterwards everything is as after a long time: counted, visible to all, written to disk. */
async function inDatabase(
  postgres: EmbeddedPostgres,
  database: string,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = new pg.Client(postgres.connectionOptions(database));
  await client.connect();
  try {
    await work(client);
    await client.query("VACUUM ANALYZE");
    await client.query("CHECKPOINT");
  } finally {
    await client.end();
  }
}
