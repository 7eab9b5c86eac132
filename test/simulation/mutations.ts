/** One safeguard taken out of the code. */
export interface Mutation {
  readonly name: string;
  /** What it takes out, for people. */
  readonly takesOut: string;
  readonly path: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: "unique-payment",
    takesOut: "the unique constraint on a payment's record",
    path: "prisma/relay/migrations/0001_init/migration.sql",
    find: 'CREATE UNIQUE INDEX "record_merchant_id_payment_id_key"',
    replace: 'CREATE INDEX "record_merchant_id_payment_id_key"',
  },
  {
    name: "tombstone",
    takesOut: "the tombstone that a reversal leaves when the payment has not come yet",
    path: "processor/reversal/reversal-store.ts",
    find: `INSERT INTO processor.payment (\${paymentParameters.names})
      SELECT \${paymentParameters.names} FROM stone ORDER BY merchant_id, payment_id
      ON CONFLICT DO NOTHING
      RETURNING merchant_id, payment_id
    ),
    found AS`,
    replace: "SELECT merchant_id, payment_id FROM stone\n    ),\n    found AS",
  },
  {
    name: "fencing-of-reversals",
    takesOut: "the claim number that a reversal is begun with",
    path: "relay/recovery/recovery-store.ts",
    find: "AND record.claim_number = given.claim_number",
    replace: "",
  },
  {
    name: "fencing-of-forwarding",
    takesOut: "the claim number that a record is marked as forwarded with",
    path: "relay/records/record-store.ts",
    find: "AND record.claim_number = given.claim_number AND record.state = 'RECEIVED'",
    replace: "AND record.state = 'RECEIVED'",
  },
  {
    name: "journal-sync",
    takesOut: "waiting for the disk before the terminal goes on",
    path: "terminal-client/journal.ts",
    find: "await this.#files.write(",
    replace: "void this.#files.write(",
  },
  {
    name: "counter-sync",
    takesOut: "waiting for the disk before the reader uses its counter",
    path: "reader-sim/reader-store.ts",
    find: "await this.#files.write(COUNTER_FILE,",
    replace: "void this.#files.write(COUNTER_FILE,",
  },
  {
    name: "same-bytes",
    takesOut: "the comparison of a repeated payment's bytes",
    path: "relay/records/relay-record.ts",
    find: "return record.digest === undefined || Buffer.compare(record.digest, digest) === 0;",
    replace: "return record.digest === undefined || digest.length > 0;",
  },
  {
    name: "late-approval",
    takesOut: "the rule that an approval comes too late once a reversal has begun",
    path: "payment/states.ts",
    find: 'REVERSING: ["REVERSED", "DECLINED"],',
    replace: 'REVERSING: ["REVERSED", "DECLINED", "APPROVED"],',
  },
  {
    name: "distinct-numbers",
    takesOut: "drawing another record number when one of the same batch has it",
    path: "relay/intake/recorder.ts",
    find: "while (drawn.size === drawnBefore)",
    replace: "while (drawn.size < 0)",
  },
  {
    name: "left-out-rows",
    takesOut: "looking which payments of a batch were written, and which were there already",
    path: "processor/authorization/authorization-desk.ts",
    find: "written?.has(keyText(row)) !== true",
    replace: "written === undefined",
  },
  {
    name: "kept-verdict",
    takesOut: "the verdict that is kept of a PIN and repeated for the same payment",
    path: "prisma/processor/migrations/0002_settle_by_reference/migration.sql",
    find: "-- Read after the lock: a rival that settled this number meanwhile has committed.",
    replace: 'DELETE FROM "pin"."verdict" WHERE ksn = item.ksn;',
  },
  {
    name: "queued-job",
    takesOut: "writing the job of a notification with the outcome",
    path: "relay/records/record-store.ts",
    find: `\${QUEUE_JOBS} AS jobs`,
    replace: "0 AS jobs",
  },
  {
    name: "misdated-records",
    takesOut: "claiming what is due later than anything can be",
    path: "relay/recovery/sweep.ts",
    find: 'await this.#claim("misdated");',
    replace: "",
  },
  {
    name: "time-left",
    takesOut: "that a record from the future has no time left",
    path: "relay/records/record-row.ts",
    find: "record.recorded_at <= now() + interval '1 second'",
    replace: "record.recorded_at IS NOT NULL",
  },
];

/** `text` of the file at `path`, changed by the mutation that CARDLANE_MUTATION names, if any. */
export function mutated(path: string, text: string): string {
  const name = process.env.CARDLANE_MUTATION;
  const mutation = MUTATIONS.find((one) => one.name === name && one.path === path);
  if (mutation === undefined) return text;
  const { find, replace } = mutation;
  if (text.split(find).length !== 2)
    throw new Error(`${name}: "${find}" must stand once in ${path}`);
  return text.replace(find, () => replace);
}
