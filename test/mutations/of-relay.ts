import type { Mutation } from "./mutation.ts";

/** Safeguards of the relay. */
export const OF_RELAY: readonly Mutation[] = [
  {
    name: "unique-payment",
    takesOut: "the unique constraint on a payment's record",
    path: "prisma/relay/migrations/0001_init/migration.sql",
    find: 'CREATE UNIQUE INDEX "record_merchant_id_payment_id_key"',
    replace: 'CREATE INDEX "record_merchant_id_payment_id_key"',
    witness: "simulation",
  },
  {
    name: "fencing-of-reversals",
    takesOut: "the claim number that a reversal is begun with",
    path: "relay/recovery/recovery-store.ts",
    find: "AND record.claim_number = given.claim_number",
    replace: "",
    witness: "simulation",
  },
  {
    name: "fencing-of-forwarding",
    takesOut: "the claim number that a record is marked as forwarded with",
    path: "relay/records/record-store.ts",
    find: "AND record.claim_number = given.claim_number AND record.state = 'RECEIVED'",
    replace: "AND record.state = 'RECEIVED'",
    witness: "simulation",
  },
  {
    name: "same-bytes",
    takesOut: "the comparison of a repeated payment's bytes",
    path: "relay/records/relay-record.ts",
    find: "return record.digest === undefined || Buffer.compare(record.digest, digest) === 0;",
    replace: "return record.digest === undefined || digest.length > 0;",
    witness: "simulation",
  },
  {
    name: "late-approval",
    takesOut: "the rule that an approval comes too late once a reversal has begun",
    path: "payment/states.ts",
    find: 'REVERSING: ["REVERSED", "DECLINED"],',
    replace: 'REVERSING: ["REVERSED", "DECLINED", "APPROVED"],',
    witness: "simulation",
  },
  {
    name: "distinct-numbers",
    takesOut: "drawing another record number when one of the same batch has it",
    path: "relay/intake/recorder.ts",
    find: "while (drawn.size === drawnBefore)",
    replace: "while (drawn.size < 0)",
    witness: "simulation",
  },
  {
    name: "queued-job",
    takesOut: "writing the job of a notification with the outcome",
    path: "relay/records/record-store.ts",
    find: `\${QUEUE_JOBS} AS jobs`,
    replace: "0 AS jobs",
    witness: "simulation",
  },
  {
    name: "registry-revision",
    takesOut: "forgetting what was read of the registry before it changed",
    path: "relay/registry/registry-revision.ts",
    find: "if (revision !== this.#known) onChange();",
    replace: "",
    witness: "relay/registry/registry.test.ts",
  },
];
