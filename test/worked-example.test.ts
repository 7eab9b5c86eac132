import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { sha512 } from "../sealing/curves/hash.ts";
import { workedExample, workedExampleInputs } from "./worked-example.ts";

const example = workedExample();
const document = readFileSync("docs/protocol/example.md", "utf8");

test("test/vectors/worked-example.json is what the code computes", () => {
  const { inputs, outputs } = JSON.parse(readFileSync("test/vectors/worked-example.json", "utf8"));
  expect(inputs).toEqual(workedExampleInputs());
  expect(outputs).toEqual(example);
});

test.each(Object.entries(example))("docs/protocol/example.md shows %s as computed", (name, hex) => {
  expect(document).toContain(documentRow(name, hex));
});

/** Short values stand in full, long ones as the start of their SHA-512. */
function documentRow(name: string, hex: string): string {
  const bytes = hex.length / 2;
  const digest = Buffer.from(sha512(new Uint8Array(Buffer.from(hex, "hex")))).toString("hex");
  const shown = bytes <= 64 ? `\`${hex}\`` : `SHA-512 \`${digest.slice(0, 32)}…\``;
  return `| ${name} | ${bytes} | ${shown} |`;
}
