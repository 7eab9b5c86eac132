import { expect, test } from "vitest";
import { readSourceFile } from "./source-file.ts";

test.each([
  { name: "a plain import", text: 'import { a } from "../payment/money.ts";' },
  { name: "a type's import", text: 'import type { A } from "../payment/money.ts";' },
  { name: "an import for its effect", text: 'import "../payment/money.ts";' },
  { name: "an export of another file", text: 'export { a } from "../payment/money.ts";' },
  { name: "an export of all of it", text: 'export * from "../payment/money.ts";' },
  { name: "an import while running", text: 'const a = await import("../payment/money.ts");' },
])("$name is seen", ({ text }) => {
  expect(readSourceFile("relay/main.ts", text).importedFiles).toEqual(["payment/money.ts"]);
});

test("packages go by their name, and Node's own are not packages", () => {
  const text = 'import "node:fs"; import "pg"; import "@connectrpc/connect/protocol";';
  expect(readSourceFile("relay/main.ts", text).importedPackages).toEqual([
    "pg",
    "@connectrpc/connect",
  ]);
});

test.each([
  { name: "setTimeout", text: "const a = setTimeout(b, 1);" },
  { name: "setTimeout", text: 'import { setTimeout as wait } from "node:timers/promises";' },
  { name: "randomBytes", text: "crypto.randomBytes(4);" },
  { name: "Date.now", text: "const a = Date.now;" },
  { name: "new Date()", text: "const a = new Date();" },
])("$name is seen in: $text", ({ name, text }) => {
  const { names } = readSourceFile("relay/main.ts", text);
  expect(names.map((mention) => mention.name)).toContain(name);
});

test.each([
  { name: "setTimeout", text: "// setTimeout is not called here\nconst a = 'setTimeout';" },
  { name: "new Date()", text: "const a = new Date(0);" },
])("$name is not seen in: $text", ({ name, text }) => {
  const { names } = readSourceFile("relay/main.ts", text);
  expect(names.map((mention) => mention.name)).not.toContain(name);
});

test.each([
  ["export function a() {}", ["a"]],
  ["export async function* a() {}", ["a"]],
  ["export const a = 1, b = 2;", ["a", "b"]],
  ["export class A {}", ["A"]],
  ["export interface A {}", ["A"]],
  ["export type A = string;", ["A"]],
  ["function a() {}", []],
  ['export { a } from "./b.ts";', []],
])("the exports of %j are %j", (text, exports) => {
  expect(readSourceFile("relay/main.ts", text).exports).toEqual(exports);
});

test("functions of every kind are measured from their first line to their last", () => {
  const text = "function a() {\n}\nclass B {\n  c() {\n    return () => 1;\n  }\n}";
  expect(readSourceFile("relay/main.ts", text).functions).toEqual([
    { line: 1, lineCount: 2 },
    { line: 4, lineCount: 3 },
    { line: 5, lineCount: 1 },
  ]);
});
