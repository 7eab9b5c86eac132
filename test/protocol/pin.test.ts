import { createCipheriv } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { workedExample } from "../worked-example.ts";
import { tableUnder, valuesUnder } from "./document-table.ts";

/**
 * docs/protocol/pin.md followed as it is written. Nothing but AES is shared with the code, so the
 * page alone has to lead to the keys of the standard and the block of the worked example.
 */
const PAGE = "docs/protocol/pin.md";

const BASE_DERIVATION_KEY = "fedcba9876543210f1f1f1f1f1f1f1f1";
const INITIAL_KEY_ID = "1234567890123456";

/** Each key of the page by name: its derivation data, its value and the key it is derived from. */
const KEYS = new Map(
  tableUnder(PAGE, "Keys of the first counters").map(([name = "", data = "", value = ""]) => [
    name,
    { data: bare(data), value: bare(value) },
  ]),
);

const PARENTS = [
  { name: "initial key", column: 1, counter: 0, parent: undefined },
  { name: "intermediate key, counter 1", column: 2, counter: 1, parent: "initial key" },
  { name: "intermediate key, counter 2", column: 2, counter: 2, parent: "initial key" },
  {
    name: "intermediate key, counter 3",
    column: 2,
    counter: 3,
    parent: "intermediate key, counter 2",
  },
  { name: "PIN key, counter 1", column: 3, counter: 1, parent: "intermediate key, counter 1" },
  { name: "PIN key, counter 2", column: 3, counter: 2, parent: "intermediate key, counter 2" },
  { name: "PIN key, counter 3", column: 3, counter: 3, parent: "intermediate key, counter 3" },
] as const;

test("the page shows these keys and no others", () => {
  expect([...KEYS.keys()].toSorted()).toEqual(PARENTS.map(({ name }) => name).toSorted());
});

test.each(PARENTS)("$name follows from the layout and its parent", (key) => {
  const layout = tableUnder(PAGE, "AES-DUKPT").filter(([place]) => place !== "parent key");
  const data = layout.map((row) => derivationBytes(row[key.column] ?? "", key.counter)).join("");
  const parent = key.parent === undefined ? BASE_DERIVATION_KEY : keyOf(key.parent).value;
  expect(keyOf(key.name)).toEqual({ data, value: aes(parent, data) });
});

test("the keys are those of the standard's own test data", () => {
  const text = readFileSync("test/vectors/aes-dukpt-iso9564-format4.json", "utf8");
  const { bdk, initial_key, initial_key_id, transactions } = JSON.parse(text.toLowerCase());
  expect([bdk, initial_key_id]).toEqual([BASE_DERIVATION_KEY, INITIAL_KEY_ID]);
  expect(keyOf("initial key").value).toBe(initial_key);
  for (const { counter, derivation_key, pin_encryption_key } of transactions) {
    expect(keyOf(`intermediate key, counter ${counter}`).value).toBe(derivation_key);
    expect(keyOf(`PIN key, counter ${counter}`).value).toBe(pin_encryption_key);
  }
});

test("the PIN block follows step by step, and is that of the worked example", () => {
  const pinKey = keyOf("PIN key, counter 1").value;
  // Format, length, digits and fill; then eight random bytes.
  const pinField = `${"44"}${"1234".padEnd(14, "a")}${"12".repeat(8)}`;
  const panField = `${16 - 12}${"4242424242424242"}`.padEnd(32, "0");
  const enciphered = aes(pinKey, pinField);
  const mixed = xor(enciphered, panField);
  const { pin_block, key_serial_number } = workedExample();
  expect(valuesUnder(PAGE, "One block, step by step")).toEqual({
    "plain-text PIN field": `\`${pinField}\``,
    "enciphered PIN field": `\`${enciphered}\``,
    "PAN field": `\`${panField}\``,
    "xor of both": `\`${mixed}\``,
    "PIN block": `\`${pin_block}\``,
    "key serial number": `\`${key_serial_number}\``,
  });
  expect(aes(pinKey, mixed)).toBe(pin_block);
  expect(`${INITIAL_KEY_ID}00000001`).toBe(key_serial_number);
});

function keyOf(name: string): { readonly data: string; readonly value: string } {
  const key = KEYS.get(name);
  if (key === undefined) throw new Error(`the page has no ${name}`);
  return key;
}

/** "`80 01` usage: initial key" → "8001"; "initial key id, bytes 4–7" and the counter by value. */
function derivationBytes(cell: string, counter: number): string {
  const [, from, to] = /^initial key id, bytes (\d)–(\d)$/.exec(cell) ?? [];
  if (from !== undefined) return INITIAL_KEY_ID.slice(2 * Number(from), 2 * Number(to) + 2);
  if (cell.startsWith("the counter")) return counter.toString(16).padStart(8, "0");
  return bare(/`([^`]+)`/.exec(cell)?.[0] ?? "").replaceAll(" ", "");
}

function bare(cell: string): string {
  return cell.replaceAll("`", "");
}

function aes(key: string, block: string): string {
  const cipher = createCipheriv("aes-128-ecb", Buffer.from(key, "hex"), null);
  return cipher.setAutoPadding(false).update(block, "hex", "hex");
}

function xor(left: string, right: string): string {
  const other = Buffer.from(right, "hex");
  return Buffer.from(Buffer.from(left, "hex").map((byte, at) => byte ^ (other[at] ?? 0))).toString(
    "hex",
  );
}
