import { readFileSync } from "node:fs";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Certainty, NextStep } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { enumName } from "../payment/enum-name.ts";
import { PAYMENT_ERRORS } from "../payment/errors.ts";

const document = readFileSync("docs/failure-modes.md", "utf8");

test.each(Object.entries(PAYMENT_ERRORS))(
  "docs/failure-modes.md has the row of %s",
  (code, row) => {
    const certainty = enumName(Certainty, row.certainty).toLowerCase();
    const nextStep = enumName(NextStep, row.nextStep);
    const status = Code[row.grpcStatus]?.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
    const name = status === "CANCELED" ? "CANCELLED" : status;
    expect(document).toContain(`| ${code} | ${name} | ${certainty} | ${nextStep} | `);
  },
);

test("no fault stands twice under one heading", () => {
  const rows = matrixRows(document);
  expect(rows.length).toBeGreaterThan(100);
  expect(rows.filter((row, index) => rows.indexOf(row) !== index)).toEqual([]);
});

/** "heading: fault" of each row of the fault matrix. */
function matrixRows(text: string): readonly string[] {
  let heading = "";
  return text
    .slice(text.indexOf("## The fault matrix"))
    .split("\n")
    .flatMap((line) => {
      const [, first = ""] = line.split("|");
      if (first.trim().startsWith("**")) heading = first.trim();
      return /^\| [^*-]/.test(line) ? [`${heading}: ${first.trim()}`] : [];
    });
}
