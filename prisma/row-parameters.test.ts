import pg from "pg";
import { expect, test } from "vitest";
import { freshDatabase } from "../test/setup/database.ts";
import { binaryArray } from "./binary-array.ts";
import { RowParameters } from "./row-parameters.ts";

const parameters = new RowParameters<{ readonly id: string; readonly amountMinor: bigint }>({
  id: ["uuid", ({ id }) => id],
  minor: ["bigint", ({ amountMinor }) => amountMinor],
});

const FIRST = "01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a";
const SECOND = "01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6b";
const ROWS = [
  { id: FIRST, amountMinor: 1n },
  { id: SECOND, amountMinor: -2n },
];

type Values = readonly [
  string,
  string | null,
  Uint8Array | undefined,
  bigint,
  number,
  boolean,
  Date,
];
const EVERY_TYPE = new RowParameters<Values>({
  a: ["text", (row) => row[0]],
  b: ["uuid", (row) => row[1]],
  c: ["bytea", (row) => row[2]],
  d: ["bigint", (row) => row[3]],
  e: ["int", (row) => row[4]],
  f: ["boolean", (row) => row[5]],
  g: ["timestamptz", (row) => row[6]],
});
const VALUES: readonly [Values, Values] = [
  ['a "till", \\ and {more}', FIRST, Uint8Array.of(0, 92, 255), 1_250n, 978, true, new Date(1)],
  ["Zürich 😀", null, undefined, -(2n ** 63n), -1, false, new Date(1_767_225_600_123)],
];

test.each([
  {
    name: "first",
    sql: parameters.from("given"),
    expected: "unnest($1::uuid[], $2::bigint[]) AS given(id, minor)",
  },
  {
    name: "after others",
    sql: parameters.from("given", 3),
    expected: "unnest($4::uuid[], $5::bigint[]) AS given(id, minor)",
  },
  {
    name: "numbered",
    sql: parameters.numbered("item"),
    expected: "unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY AS item(id, minor, position)",
  },
])("rows are read in FROM: $name", ({ sql, expected }) => {
  expect(sql).toBe(expected);
});

test("a statement names the columns, and goes on with its own parameters", () => {
  expect(parameters.columns).toEqual(["id", "minor"]);
  expect(parameters.names).toBe("id, minor");
  expect(parameters.count).toBe(2);
  expect(parameters.next).toBe(3);
});

test("there is one array for each column, however many rows", () => {
  expect(parameters.values(ROWS)).toEqual([
    binaryArray("uuid", [FIRST, SECOND]),
    binaryArray("bigint", [1n, -2n]),
  ]);
  expect(parameters.values([])).toEqual([binaryArray("uuid", []), binaryArray("bigint", [])]);
});

test("a value that does not fit its column is refused, and not told", () => {
  const rows = [{ id: "a secret", amountMinor: 1n }];
  const message = "an element of uuid[] is not a value of this type";
  expect(() => parameters.values(rows)).toThrow(new TypeError(message));
});

test("a statement writes the same rows as with arrays in text", async () => {
  await using stack = new AsyncDisposableStack();
  const { url } = stack.use(await freshDatabase("processor"));
  const client = stack.adopt(new pg.Client({ connectionString: url }), (each) => each.end());
  await client.connect();
  const text = `INSERT INTO written SELECT * FROM ${EVERY_TYPE.from("given")} RETURNING *`;
  await client.query("CREATE TEMPORARY TABLE written (a text, b uuid, c bytea, d bigint, e int)");
  await client.query("ALTER TABLE written ADD f boolean, ADD g timestamptz");
  const statement = { name: "write", text };
  const binary = await client.query({ ...statement, values: [...EVERY_TYPE.values(VALUES)] });
  const columns = VALUES[0].map((_, index) => VALUES.map((row) => row[index]));
  const inText = await client.query({ ...statement, values: columns });
  expect(binary.rows).toEqual(inText.rows);
  expect(binary.rows).toMatchObject([{ a: 'a "till", \\ and {more}', d: "1250" }, { b: null }]);
});
