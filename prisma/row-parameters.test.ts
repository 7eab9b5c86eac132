import { expect, test } from "vitest";
import { RowParameters } from "./row-parameters.ts";

const parameters = new RowParameters<{ readonly id: string; readonly amountMinor: bigint }>({
  id: ["uuid", ({ id }) => id],
  minor: ["bigint", ({ amountMinor }) => amountMinor],
});

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
  const rows = [
    { id: "a", amountMinor: 1n },
    { id: "b", amountMinor: 2n },
  ];
  expect(parameters.values(rows)).toEqual([
    ["a", "b"],
    [1n, 2n],
  ]);
  expect(parameters.values([])).toEqual([[], []]);
});
