import { execFileSync } from "node:child_process";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HOT_PLAN_SETTINGS } from "../../prisma/hot-database.ts";
import { freshDatabase } from "../setup/database.ts";
import { root } from "../tidy/source-file.ts";

interface FoundStatement {
  readonly path: string;
  readonly name: string;
  readonly text: string;
}

const STATEMENTS: readonly FoundStatement[] = JSON.parse(
  execFileSync(process.execPath, [join(root, "test/schema/statements.ts")], { encoding: "utf8" }),
);

/** Tables with a row or more for each payment. */
const GROWING = [
  ...["record", "record_event", "notification", "sms_part", "webhook_delivery", "receipt_share"],
  ...["audit_entry", "payment", "posting", "verdict"],
];

/** A node of a plan, as EXPLAIN gives it in JSON. */
interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Index Cond"?: string;
  readonly Plans?: readonly PlanNode[];
}

/**
 * A partial index has what is still open alone, however much there was. Of what waits for long an
 * operator hears otherwise.
 */
const OF_WHAT_IS_OPEN = /due_at_idx|waiting_idx|queued_idx|tombstone_idx/;

/** What an operator has done now and then, and what goes through everything by its nature. */
const SELDOM = ["pin.unlock_card_of"];

describe.each(["relay", "processor"] as const)("no statement of the %s reads what grows", (of) => {
  const stack = new AsyncDisposableStack();
  let client: pg.Client;

  beforeAll(async () => {
    const { url } = stack.use(await freshDatabase(of));
    client = stack.adopt(new pg.Client({ connectionString: url }), (each) => each.end());
    await client.connect();
    for (const setting of HOT_PLAN_SETTINGS) await client.query(`SET ${setting}`);
  });
  afterAll(() => stack.disposeAsync());

  const isOften = ({ path, name }: FoundStatement) =>
    path.startsWith(`${of}/`) && !SELDOM.includes(name);
  test.each(STATEMENTS.filter(isOften))("$name", async ({ text }) => {
    const { rows } = await client.query(`EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`);
    const [{ Plan: plan }] = rows[0]["QUERY PLAN"];
    expect(growingReads(plan, false)).toEqual([]);
  });
});

/**
 * Reads whose cost grows with the table: all of it, or all of an index. One that a LIMIT stops, or
 * that finds its place by equality, does not.
 */
function growingReads(node: PlanNode, isLimited: boolean): readonly string[] {
  const type = node["Node Type"];
  const table = node["Relation Name"] ?? "";
  const index = node["Index Name"] ?? "";
  const isRead = GROWING.includes(table) && /Scan$/.test(type);
  const isPlaced = / = /.test(node["Index Cond"] ?? "");
  const isCheap = index !== "" && (isPlaced || isLimited || OF_WHAT_IS_OPEN.test(index));
  const own = isRead && !isCheap ? [`${type} of ${table} by ${index || "nothing"}`] : [];
  const stops = isLimited || type === "Limit";
  // A sort or a sum reads everything first, whatever stops it afterwards.
  const goesOn = stops && !/^(?:Sort|Incremental Sort|Aggregate|WindowAgg|Unique)$/.test(type);
  return [...own, ...(node.Plans ?? []).flatMap((child) => growingReads(child, goesOn))];
}

test("a read of everything is seen", async () => {
  await using stack = new AsyncDisposableStack();
  const { url } = stack.use(await freshDatabase("relay"));
  const client = stack.adopt(new pg.Client({ connectionString: url }), (each) => each.end());
  await client.connect();
  for (const setting of HOT_PLAN_SETTINGS) await client.query(`SET ${setting}`);
  const readsOf = async (text: string) => {
    const { rows } = await client.query(`EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`);
    return growingReads(rows[0]["QUERY PLAN"][0].Plan, false);
  };
  const hook = "(SELECT * FROM webhook WHERE id = $1 FOR UPDATE)";
  for (const text of [
    "SELECT count(*) FROM record",
    "SELECT * FROM record WHERE state = $1",
    `WITH hook AS ${hook} SELECT record_event.* FROM hook
       JOIN record_event ON sequence > hook.after_sequence ORDER BY sequence`,
  ]) {
    expect(await readsOf(text), text).not.toEqual([]);
  }
  for (const text of [
    "SELECT * FROM record WHERE record_number = $1",
    "SELECT * FROM record_event WHERE sequence > $1::bigint ORDER BY sequence LIMIT 10",
  ]) {
    expect(await readsOf(text), text).toEqual([]);
  }
});
