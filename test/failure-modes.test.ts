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
