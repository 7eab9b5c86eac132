import pg from "pg";
import { expect, test } from "vitest";
import { Database as ProcessorDatabase } from "../processor/database.ts";
import { Database as RelayDatabase } from "../relay/database.ts";
import { freshDatabase } from "../test/setup/database.ts";
import { AuditChain, type AuditHead } from "./audit-chain.ts";
import { type AuditDetails, type AuditEntry, entryHash } from "./audit-entry.ts";
import { AuditLog } from "./audit-log.ts";

const ACT: AuditDetails = {
  atMs: 1_764_576_000_123,
  program: "relay",
  actor: "spiffe://cardlane.dev/operator/ada",
  address: "127.0.0.1:40001",
  method: "cardlane.relay.v1.RelayRegistryService/SetReaderState",
  subject: "serial=SIM-0001 state=SUSPENDED",
  requestDigest: new Uint8Array(32).fill(7),
  step: "BEGUN",
  ofSequence: 0n,
  outcome: "",
};

const LOGS = [
  { name: "relay", table: "audit_entry" },
  { name: "processor", table: "processor.audit_entry" },
] as const;

async function openLog(stack: AsyncDisposableStack, name: "relay" | "processor") {
  const { url } = stack.use(await freshDatabase(name));
  const log =
    name === "relay"
      ? new AuditLog(stack.use(new RelayDatabase(url)))
      : new AuditLog(stack.use(new ProcessorDatabase({ url, program: name })), "processor");
  const owner = stack.adopt(new pg.Client({ connectionString: url }), (each) => each.end());
  await owner.connect();
  return { log, owner };
}

async function entriesOf(log: AuditLog): Promise<readonly AuditEntry[]> {
  const all: AuditEntry[] = [];
  for await (const page of log.pages(0n)) all.push(...page);
  return all;
}

async function reportOf(log: AuditLog, known?: AuditHead) {
  const chain = new AuditChain(known);
  for (const entry of await entriesOf(log)) chain.take(entry);
  return chain.report();
}

test.each(LOGS)("what was appended to the $name's log is a chain, as it was given", async (of) => {
  await using stack = new AsyncDisposableStack();
  const { log } = await openLog(stack, of.name);
  expect(await reportOf(log)).toEqual({ entries: 0, head: undefined, faults: [], open: [] });
  const begun = await log.append(ACT);
  const refused = { ...ACT, step: "REFUSED", ofSequence: 1n, outcome: "READER_UNKNOWN" } as const;
  await log.append(refused);
  await log.append({ ...ACT, actor: "plaintext", subject: "name=街角咖啡 \u202e…" });
  const entries = await entriesOf(log);
  expect(entries).toMatchObject([
    { ...ACT, requestDigest: Buffer.from(ACT.requestDigest), sequence: 1n },
    { ...refused, requestDigest: Buffer.from(ACT.requestDigest), sequence: 2n },
    { sequence: 3n, subject: "name=街角咖啡 \u202e…" },
  ]);
  expect(entries[0]?.hash).toEqual(begun?.hash);
  expect(await reportOf(log)).toMatchObject({ entries: 3, faults: [], open: [3n] });
});

test("thirty at once get thirty places, without a gap", async () => {
  await using stack = new AsyncDisposableStack();
  const { log } = await openLog(stack, "relay");
  const places = await Promise.all(Array.from({ length: 30 }, () => log.append(ACT)));
  const sequences = places.map((place) => Number(place?.sequence));
  expect(sequences.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  expect((await reportOf(log)).faults).toEqual([]);
});

test("an entry is carried on once", async () => {
  await using stack = new AsyncDisposableStack();
  const { log } = await openLog(stack, "processor");
  await log.append({ ...ACT, step: "PROPOSED" });
  const seconds = [1, 2, 3].map(() => log.append({ ...ACT, ofSequence: 1n }));
  const places = await Promise.all(seconds);
  expect(places.filter((place) => place !== undefined)).toHaveLength(1);
  expect(await entriesOf(log)).toHaveLength(2);
});

const CHANGES = [
  "UPDATE <table> SET actor = 'nobody'",
  "DELETE FROM <table>",
  "TRUNCATE <table>",
  "INSERT INTO <table> SELECT * FROM <table>",
];

test.each(LOGS)("nothing of the $name's log can be changed or removed", async ({ name, table }) => {
  await using stack = new AsyncDisposableStack();
  const { log, owner } = await openLog(stack, name);
  await log.append(ACT);
  for (const sql of CHANGES) {
    await expect(owner.query(sql.replaceAll("<table>", table))).rejects.toThrow(
      /only ever added to|duplicate key/,
    );
  }
  expect(await reportOf(log)).toMatchObject({ entries: 1, faults: [] });
});

/** What somebody can do who owns the database. */
const BY_THE_OWNER = [
  { name: "changes who did it", sql: "UPDATE <table> SET actor = 'x' WHERE sequence = 2" },
  { name: "changes when", sql: "UPDATE <table> SET at = at - interval '1 ms' WHERE sequence = 2" },
  { name: "changes the outcome", sql: "UPDATE <table> SET outcome = 'x' WHERE sequence = 2" },
  { name: "takes one out", sql: "DELETE FROM <table> WHERE sequence = 2" },
  { name: "takes the first out", sql: "DELETE FROM <table> WHERE sequence = 1" },
  {
    name: "takes one out and counts anew",
    sql: `DELETE FROM <table> WHERE sequence = 2;
      UPDATE <table> SET sequence = 2 WHERE sequence = 3`,
  },
];

test.each(BY_THE_OWNER)("whoever owns the database and $name is seen", async ({ sql }) => {
  await using stack = new AsyncDisposableStack();
  const { log, owner } = await openLog(stack, "relay");
  for (let count = 0; count < 4; count += 1) await log.append(ACT);
  await owner.query("ALTER TABLE audit_entry DISABLE TRIGGER ALL");
  await owner.query(sql.replaceAll("<table>", "audit_entry"));
  expect((await reportOf(log)).faults.length).toBeGreaterThan(0);
});

test("an entry that was changed together with its hash breaks the chain behind it", async () => {
  await using stack = new AsyncDisposableStack();
  const { log } = await openLog(stack, "relay");
  for (let count = 0; count < 3; count += 1) await log.append(ACT);
  const chain = new AuditChain();
  for (const entry of await entriesOf(log)) {
    const forged = { ...entry, actor: entry.sequence === 2n ? "nobody" : entry.actor };
    chain.take({ ...forged, hash: entryHash(forged) });
  }
  expect(chain.report().faults).toEqual(["entry 3 does not follow the one before it"]);
});

test("a log that was cut at its end, or made anew, is seen by a head from before", async () => {
  await using stack = new AsyncDisposableStack();
  const { log, owner } = await openLog(stack, "relay");
  for (let count = 0; count < 3; count += 1) await log.append(ACT);
  const { head } = await reportOf(log);
  expect((await reportOf(log, head)).faults).toEqual([]);
  await log.append(ACT);
  expect((await reportOf(log, head)).faults).toEqual([]);
  await owner.query("ALTER TABLE audit_entry DISABLE TRIGGER ALL");
  await owner.query("DELETE FROM audit_entry WHERE sequence > 2");
  expect((await reportOf(log)).faults).toEqual([]);
  expect((await reportOf(log, head)).faults).toEqual(["entry 3 is not there any more"]);
  await owner.query("DELETE FROM audit_entry");
  for (let count = 0; count < 3; count += 1) await log.append({ ...ACT, actor: "nobody" });
  expect((await reportOf(log, head)).faults).toEqual([
    `entry 3 is another one than it was: its hash was ${head?.hash}`,
  ]);
});
