import pg from "pg";
import { expect, test } from "vitest";
import { freshDatabase } from "../../test/setup/database.ts";
import { Database } from "../database.ts";
import { NotificationStore } from "./notification-store.ts";

const ROUTE = "centre +";

async function openStore(stack: AsyncDisposableStack) {
  const { url } = stack.use(await freshDatabase("relay"));
  const store = new NotificationStore(stack.use(new Database(url)));
  const client = stack.adopt(new pg.Client({ connectionString: url }), (each) => each.end());
  await client.connect();
  const sql = async (text: string) => (await client.query(text)).rows;
  /** An SMS of one part, as it is once the centre has taken it. */
  const sent = async (id: string, messageId: string) => {
    await sql(`INSERT INTO notification (id, record_number, merchant_id, payment_state, changed_at,
      purpose, channel, address, language, time_zone, state)
      VALUES ('${id}', 'A1', 'M', 'APPROVED', now(), 'RESULT', 'SMS', '+1', 'en', 'UTC', 'SENT')`);
    await store.partSent(id, ROUTE, messageId);
    await store.settle(id);
  };
  const stateOf = async (id: string) =>
    (await sql(`SELECT state FROM notification WHERE id = '${id}'`))[0]?.state;
  return { store, sql, sent, stateOf };
}

test("a centre that uses an id again makes no new SMS delivered", async () => {
  await using stack = new AsyncDisposableStack();
  const { store, sent, stateOf } = await openStore(stack);
  await sent("N1", "7");
  await store.partReceipt(ROUTE, "7", "DELIVRD");
  expect(await stateOf("N1")).toBe("DELIVERED");
  await sent("N2", "7");
  expect(await stateOf("N2")).toBe("SENT");
  await store.partReceipt(ROUTE, "7", "UNDELIV");
  expect(await stateOf("N2")).toBe("FAILED");
  expect(await stateOf("N1")).toBe("DELIVERED");
});

test("a receipt may overtake its part, but not by a day", async () => {
  await using stack = new AsyncDisposableStack();
  const { store, sql, sent, stateOf } = await openStore(stack);
  await store.partReceipt(ROUTE, "8", "DELIVRD");
  await sent("N1", "8");
  expect(await stateOf("N1")).toBe("DELIVERED");
  await store.partReceipt(ROUTE, "9", "DELIVRD");
  await sql("UPDATE sms_part SET at = at - interval '1 day'");
  await sent("N2", "9");
  expect(await stateOf("N2")).toBe("SENT");
});

test.each([
  { name: "hexadecimal for decimal", taken: "2748", told: "abc" },
  { name: "the same in capitals", taken: "2748", told: "ABC" },
  { name: "with zeros", taken: "2748", told: "00000ABC" },
  { name: "decimal for hexadecimal", taken: "00000abc", told: "2748" },
  { name: "decimal with zeros", taken: "42", told: "0042" },
  { name: "as it is", taken: "peer-1", told: "peer-1" },
])("a receipt names its part in $name", async ({ taken, told }) => {
  await using stack = new AsyncDisposableStack();
  const { store, sent, stateOf } = await openStore(stack);
  await sent("N1", taken);
  await store.partReceipt(ROUTE, told, "DELIVRD");
  expect(await stateOf("N1")).toBe("DELIVERED");
  await store.partReceipt(ROUTE, told, "DELIVRD");
});

test("of two parts that one receipt may name, it is the one that is called so", async () => {
  await using stack = new AsyncDisposableStack();
  const { store, sent, stateOf } = await openStore(stack);
  await sent("N1", "10");
  await sent("N2", "16");
  await store.partReceipt(ROUTE, "10", "DELIVRD");
  expect([await stateOf("N1"), await stateOf("N2")]).toEqual(["DELIVERED", "SENT"]);
});
