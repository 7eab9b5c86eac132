import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshDatabase, type TestDatabase } from "../test/setup/database.ts";
import { binaryArray, type ElementType, type ElementValue } from "./binary-array.ts";

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await freshDatabase("processor");
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database[Symbol.asyncDispose]();
});

type Values<Type extends ElementType> = readonly (ElementValue[Type] | null | undefined)[];

/** A row of the tables: `of("text", ["a"])`. */
function of<Type extends ElementType>(type: Type, values: Values<Type>, title = "") {
  return { type, values, title: title || `${values.length} elements` };
}

const MANY = Array.from({ length: 1_000 }, (_, index) => index - 500);

const ARRAYS = [
  of("bigint", [0n, -1n, 1_250n, 2n ** 63n - 1n, -(2n ** 63n), null]),
  of(
    "bigint",
    MANY.map((value) => BigInt(value) * 2n ** 31n),
  ),
  of("boolean", [true, false, null]),
  of("bytea", [new Uint8Array(), Uint8Array.of(0, 92, 255), Buffer.from("part of a pool"), null]),
  of("bytea", [new Uint8Array(8).fill(7).subarray(3, 5), new Uint8Array(70_000).fill(9)]),
  of("int", [0, -0, -1, 978, 2 ** 31 - 1, -(2 ** 31), undefined]),
  of("int", MANY),
  of("text", ["", "NULL", 'a "quote", a \\ and {braces}', "Zürich €", "😀", " \n\t", null]),
  of("text", ["MERCHANT0000001"]),
  of("uuid", ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"]),
  of("uuid", ["01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a", null]),
  ...(["bigint", "boolean", "bytea", "int", "text", "timestamptz", "uuid"] as const).flatMap(
    (type) => [of(type, [], "none"), of(type, [null, undefined], "nothing but NULL")],
  ),
];

test.each(ARRAYS)("PostgreSQL takes $type[] as from text: $title", async ({ type, values }) => {
  const { rows } = await client.query(
    `SELECT $1::${type}[] = $2::${type}[] AS is_equal, $1::${type}[]::text AS binary_text,
       $2::${type}[]::text AS text, array_send($1::${type}[]) AS sent`,
    [binaryArray(type, values as Values<typeof type>), values],
  );
  const [{ is_equal, binary_text, text, sent }] = rows;
  expect({ is_equal, binary_text }).toEqual({ is_equal: true, binary_text: text });
  expect(sent).toEqual(binaryArray(type, values as Values<typeof type>));
});

test.each([
  { date: new Date(0), text: "1970-01-01T00:00Z" },
  { date: new Date(946_684_800_000), text: "2000-01-01T00:00Z" },
  { date: new Date(946_684_799_999), text: "1999-12-31T23:59:59.999Z" },
  { date: new Date(1_767_225_600_123), text: "2026-01-01T00:00:00.123Z" },
  { date: new Date(8.64e15), text: "275760-09-13T00:00Z" },
  { date: new Date(-210_866_803_200_000), text: "4714-11-24T00:00Z BC" },
])("a timestamptz is the same moment: $text", async ({ date, text }) => {
  const { rows } = await client.query("SELECT $1::timestamptz[] = ARRAY[$2::timestamptz] AS same", [
    binaryArray("timestamptz", [date]),
    text,
  ]);
  expect(rows).toEqual([{ same: true }]);
});

test.each([
  { type: "bigint", value: 2n ** 63n },
  { type: "bigint", value: -(2n ** 63n) - 1n },
  { type: "bigint", value: 1_250 },
  { type: "bigint", value: "1250" },
  { type: "boolean", value: 1 },
  { type: "boolean", value: "true" },
  { type: "bytea", value: "\\x1250" },
  { type: "bytea", value: [1, 250] },
  { type: "bytea", value: new ArrayBuffer(1_250) },
  { type: "int", value: 2 ** 31 },
  { type: "int", value: -(2 ** 31) - 1 },
  { type: "int", value: 1_250.5 },
  { type: "int", value: Number.NaN },
  { type: "int", value: "1250" },
  { type: "int", value: 1_250n },
  { type: "text", value: 1_250 },
  { type: "text", value: Buffer.from("1250") },
  { type: "timestamptz", value: new Date(Number.NaN) },
  { type: "timestamptz", value: new Date(-210_866_803_200_001) },
  { type: "timestamptz", value: 1_250 },
  { type: "timestamptz", value: "1250-01-01T00:00Z" },
  { type: "uuid", value: "" },
  { type: "uuid", value: "01932b5e8c1a7f009d3b1f2e3d4c5b6a" },
  { type: "uuid", value: "01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6g" },
  { type: "uuid", value: "g1932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a" },
  { type: "uuid", value: "01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6€" },
  { type: "uuid", value: "01932b5e-8c1a-7f00-9d3b+1f2e3d4c5b6a" },
  { type: "uuid", value: "01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a0" },
  { type: "uuid", value: 1_250 },
] as const)("what is no $type is refused: $value", ({ type, value }) => {
  const values = [null, value] as unknown as readonly null[];
  const message = `an element of ${type}[] is not a value of this type`;
  expect(() => binaryArray(type, values)).toThrow(new TypeError(message));
});

test("text that PostgreSQL does not know is refused by PostgreSQL", async () => {
  const array = binaryArray("text", ["a\u0000b"]);
  await expect(client.query("SELECT $1::text[]", [array])).rejects.toMatchObject({ code: "22021" });
});
