import { create, type MessageInitShape } from "@bufbuild/protobuf";
import stringWidth from "string-width";
import { expect, test } from "vitest";
import {
  EntryMode,
  Outcome,
  PaymentKind,
  Verification,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { ReceiptSchema } from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { parseRelayId } from "../../payment/identifiers.ts";
import { newRecordNumber } from "../../payment/record-number.ts";
import { receiptLines } from "./receipt.ts";
import { entryModeWord } from "./words.ts";

const APPROVED = {
  merchantName: "Corner Coffee",
  merchantId: "CORNERCOFFEE001",
  terminalId: "TILL0001",
  kind: PaymentKind.SALE,
  amountMinor: 1250n,
  currency: 978,
  maskedPan: "************4242",
  scheme: "VISA",
  entryMode: EntryMode.CHIP,
  verification: Verification.ONLINE_PIN,
  recordNumber: newRecordNumber(parseRelayId("A1"), 248_916_000, Uint8Array.of(9, 23, 29, 4, 26)),
  approvalCode: "831000",
  responseCode: "00",
  retrievalReference: "532620123456",
  timeMs: 1_772_370_309_000n,
  outcome: Outcome.APPROVED,
};

function linesOf(changes: MessageInitShape<typeof ReceiptSchema> = {}): string[] {
  return receiptLines(create(ReceiptSchema, { ...APPROVED, ...changes }), {
    timeZone: "Europe/Berlin",
  });
}

test("an approved sale, as it is printed", () => {
  expect(linesOf()).toEqual([
    "┌────────────────────────────────────────┐",
    "│             Corner Coffee              │",
    "│       CORNERCOFFEE001 · TILL0001       │",
    "├────────────────────────────────────────┤",
    "│ SALE                         12.50 EUR │",
    "│                                        │",
    "│ Card             VISA ************4242 │",
    "│ Read                              chip │",
    "│ Verification                       PIN │",
    "│ Record                  A17K-2M9Q-X4TM │",
    "│ Approval code                   831000 │",
    "│ Reference                 532620123456 │",
    "│ Time           2026-03-01 14:05:09 CET │",
    "├────────────────────────────────────────┤",
    "│                APPROVED                │",
    "└────────────────────────────────────────┘",
  ]);
});

test.each([
  { name: "a decline", outcome: Outcome.DECLINED, code: "51", shown: "51 Not enough money" },
  { name: "a wrong PIN", outcome: Outcome.DECLINED, code: "55", shown: "55 Wrong PIN" },
  { name: "an unlisted code", outcome: Outcome.DECLINED, code: "Z9", shown: "Z9 Declined" },
  { name: "a reversal", outcome: Outcome.REVERSED, code: "00", shown: "nothing is charged" },
  { name: "a void", outcome: Outcome.VOIDED, code: "00", shown: "nothing is charged" },
])("$name says what it means and has no empty line for an approval code", (row) => {
  const lines = linesOf({ outcome: row.outcome, responseCode: row.code, approvalCode: "" });
  expect(lines.at(-2)).toContain(row.shown);
  expect(lines.filter((line) => line.includes("Approval code"))).toEqual([]);
});

test.each([
  { name: "a short name", merchantName: "Ö" },
  { name: "a name of several lines", merchantName: "Bäckerei am alten Markt zu Sankt Nepomuk" },
  { name: "a name in one word", merchantName: "X".repeat(40) },
  { name: "no name", merchantName: "" },
])("every line is 42 columns wide with $name", ({ merchantName }) => {
  const widths = linesOf({ merchantName }).map((line) => [...line].length);
  expect(new Set(widths)).toEqual(new Set([42]));
});

test("what other programs wrote can not move the cursor", () => {
  const merchantName = "Corner\u001b[2J\u0007 \u202eCoffee";
  expect(linesOf({ merchantName })[1]).toBe("│             Corner Coffee              │");
});

test("the yen has no decimals", () => {
  expect(linesOf({ amountMinor: 1250n, currency: 392 })[4]).toContain("1250 JPY");
});

test("a holder never reads that a card was lost or stolen; the shop does", () => {
  for (const responseCode of ["04", "41", "43", "62", "63"]) {
    const lines = linesOf({ outcome: Outcome.DECLINED, responseCode }).join("\n");
    expect(lines).toContain("05 Declined by the card's bank");
    expect(lines).not.toMatch(/lost|stolen|keep|restricted|security/i);
  }
});

test.each(["街角咖啡", "街角咖啡".repeat(10), "קפה הפינה", "Café ☕️ 👩‍🍳", "x".repeat(40)])(
  "every line of the receipt of %s is 42 columns wide",
  (merchantName) => {
    const lines = linesOf({ merchantName });
    expect(new Set(lines.map((line) => stringWidth(line)))).toEqual(new Set([42]));
    const name = lines.slice(1, 4).join("").replaceAll(/[│ ]/g, "");
    expect(name).toContain(merchantName.replaceAll(" ", "").slice(0, 12));
  },
);

test("a chip that could not be read is told in full", () => {
  const lines = linesOf({ entryMode: EntryMode.FALLBACK });
  expect(lines.join("").replaceAll(/[│ ]+/g, " ")).toContain(entryModeWord(EntryMode.FALLBACK));
});

const EUR_20 = { totalMinor: 2_000n, tipMinor: 0n, cashbackMinor: 0n, surchargeMinor: 0n };

test.each([
  { what: "no parts", amounts: EUR_20, amountMinor: 2_000n, says: [] },
  {
    what: "a tip",
    amounts: { ...EUR_20, tipMinor: 150n },
    amountMinor: 2_000n,
    says: ["of it tip 1.50 EUR"],
  },
  {
    what: "everything",
    amounts: { totalMinor: 2_000n, tipMinor: 150n, cashbackMinor: 1_000n, surchargeMinor: 5n },
    amountMinor: 2_000n,
    says: ["of it tip 1.50 EUR", "of it cash paid out 10.00 EUR", "of it surcharge 0.05 EUR"],
  },
  {
    what: "a part of it approved",
    amounts: { ...EUR_20, tipMinor: 150n },
    amountMinor: 750n,
    outcome: Outcome.PARTIALLY_APPROVED,
    says: ["of 20.00 EUR", "Still to pay 12.50 EUR"],
  },
])("a receipt of an amount with $what", ({ what: _, says, ...changes }) => {
  const lines = linesOf(changes).map((line) => line.slice(2, -2).trim().replaceAll(/ +/g, " "));
  const from = lines.findIndex((line) => line.startsWith("SALE")) + 1;
  expect(lines.slice(from, lines.indexOf("", from))).toEqual(says);
});
