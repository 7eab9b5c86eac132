import stringWidth from "string-width";
import { Certainty, Outcome, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { PaymentReport, Receipt } from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { printable } from "../../mesh/printable.ts";
import { formatMoney, parseCurrency } from "../../payment/money.ts";
import { formatRecordNumber, parseRecordNumber } from "../../payment/record-number.ts";
import { codeForHolder, responseCode } from "../../payment/response-codes.ts";
import { formatWhen, type Paint, plainPaint, type Style } from "./text.ts";
import { entryModeWord, kindWord, nextStepWord, stateWord, verificationWord } from "./words.ts";

/** What the usual receipt printer holds (80 mm paper, font A). */
const RECEIPT_COLUMNS = 42;
/** Between the frame's bars and their spaces. */
const INNER_COLUMNS = RECEIPT_COLUMNS - 4;

/** The receipt for the holder of the card, 42 columns wide, in a frame. */
export function receiptLines(
  receipt: Receipt,
  { timeZone, paint = plainPaint }: { readonly timeZone?: string; readonly paint?: Paint } = {},
): string[] {
  const rule = "─".repeat(RECEIPT_COLUMNS - 2);
  const { headline, style } = headlineOf(receipt);
  return [
    `┌${rule}┐`,
    ...wrap(printable(receipt.merchantName)).map((line) => framed(centred(line), "bold", paint)),
    framed(centred(`${receipt.merchantId} · ${receipt.terminalId}`), "dim", paint),
    `├${rule}┤`,
    ...pair(kindWord(receipt.kind).toUpperCase(), amountOf(receipt)).map((line) =>
      framed(line, "bold", paint),
    ),
    ...amountParts(receipt).flatMap(([name, value]) =>
      pair(name, value).map((line) => framed(line)),
    ),
    framed(""),
    ...facts(receipt, timeZone).flatMap(([name, value]) =>
      pair(name, value).map((line) => framed(line)),
    ),
    `├${rule}┤`,
    ...headline.flatMap((each) => wrap(each)).map((line) => framed(centred(line), style, paint)),
    `└${rule}┘`,
  ];
}

/** What a person on the phone asks for comes first; what is empty is left out. */
function facts(receipt: Receipt, timeZone: string | undefined): (readonly [string, string])[] {
  const all: (readonly [string, string])[] = [
    ["Card", `${receipt.scheme} ${receipt.maskedPan}`.trim()],
    ["Read", entryModeWord(receipt.entryMode)],
    ["Verification", verificationWord(receipt.verification)],
    ["Record", groupedRecordNumber(receipt.recordNumber)],
    ["Approval code", receipt.approvalCode],
    ["Reference", receipt.retrievalReference],
    ["Time", formatWhen(Number(receipt.timeMs), timeZone)],
  ];
  return all.filter(([, value]) => value !== "");
}

function headlineOf(receipt: Receipt): { headline: string[]; style: Style } {
  const code = codeForHolder(receipt.responseCode);
  switch (receipt.outcome) {
    case Outcome.APPROVED:
      return { headline: ["APPROVED"], style: "green" };
    case Outcome.PARTIALLY_APPROVED:
      return { headline: ["APPROVED FOR A PART"], style: "green" };
    case Outcome.DECLINED:
      return { headline: ["DECLINED", `${code} ${responseCode(code).meaning}`], style: "red" };
    case Outcome.REVERSED:
      return { headline: ["REVERSED", "nothing is charged"], style: "yellow" };
    case Outcome.VOIDED:
      return { headline: ["VOIDED", "nothing is charged"], style: "yellow" };
    default:
      return { headline: ["UNKNOWN"], style: "yellow" };
  }
}

/** What the amount is made of; where it is only a part of what was asked for, what is left. */
function amountParts(receipt: Receipt): (readonly [string, string])[] {
  const { amounts, amountMinor, outcome } = receipt;
  if (amounts === undefined) return [];
  const { totalMinor, tipMinor, cashbackMinor, surchargeMinor } = amounts;
  const money = (minor: bigint) => amountOf({ ...receipt, amountMinor: minor });
  if (outcome === Outcome.PARTIALLY_APPROVED) {
    return [
      ["of", money(totalMinor)],
      ["Still to pay", money(totalMinor - amountMinor)],
    ];
  }
  const parts = [
    ["of it tip", tipMinor],
    ["of it cash paid out", cashbackMinor],
    ["of it surcharge", surchargeMinor],
  ] as const;
  return parts.flatMap(([name, minor]) => (minor === 0n ? [] : [[name, money(minor)] as const]));
}

function amountOf({ amountMinor, currency }: Pick<Receipt, "amountMinor" | "currency">): string {
  return formatMoney({ amountMinor, currency: parseCurrency(currency) });
}

/** Grouped as it is read out; a number that is none is shown as it came, for support to see. */
export function groupedRecordNumber(recordNumber: string): string {
  try {
    return formatRecordNumber(parseRecordNumber(recordNumber));
  } catch {
    return printable(recordNumber);
  }
}

function framed(content: string, style?: Style, paint: Paint = plainPaint): string {
  const padded = content + " ".repeat(Math.max(0, INNER_COLUMNS - stringWidth(content)));
  return `│ ${style === undefined ? padded : paint(style, padded)} │`;
}

/** Name and value at both ends of a line; a value that does not fit goes on below, on the right. */
function pair(name: string, value: string): string[] {
  const [first = "", ...more] = wrap(printable(value), INNER_COLUMNS - stringWidth(name) - 1);
  const atTheEnd = (line: string, taken: number) =>
    " ".repeat(Math.max(1, INNER_COLUMNS - taken - stringWidth(line))) + line;
  return [name + atTheEnd(first, stringWidth(name)), ...more.map((line) => atTheEnd(line, 0))];
}

function centred(text: string): string {
  return " ".repeat(Math.max(0, Math.floor((INNER_COLUMNS - stringWidth(text)) / 2))) + text;
}

/** Lines of whole words; a word longer than a line is cut into lines. */
function wrap(text: string, columns = INNER_COLUMNS): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((each) => cutWord(each, columns))) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (stringWidth(longer) <= columns) {
      line = longer;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

/** Between what a reader takes for one character, as far as a line's columns reach. */
function cutWord(word: string, columns: number): string[] {
  const pieces = [""];
  for (const { segment } of new Intl.Segmenter().segment(word)) {
    const longer = `${pieces.at(-1)}${segment}`;
    if (stringWidth(longer) > columns) pieces.push(segment);
    else pieces[pieces.length - 1] = longer;
  }
  return pieces;
}

/** The receipt, or what is known instead, and what to do next. */
export function reportLines(report: PaymentReport, { paint }: { readonly paint: Paint }): string[] {
  const { receipt, fault, certainty, nextStep, recordNumber, paymentId } = report;
  const lines = receipt === undefined ? [] : receiptLines(receipt, { paint });
  const balanceMinor = report.result?.balanceMinor;
  if (report.result !== undefined && balanceMinor !== undefined) {
    const currency = parseCurrency(report.result.currency);
    lines.push(`Balance: ${formatMoney({ amountMinor: balanceMinor, currency })}`);
  }
  const code = receipt?.responseCode ?? "";
  if (code !== codeForHolder(code)) {
    lines.push(paint("yellow", `For the shop alone: ${code} ${responseCode(code).meaning}.`));
  }
  if (fault !== undefined) {
    lines.push(paint("red", `${printable(fault.code)}: ${printable(fault.message)}`));
  }
  if (certainty !== Certainty.FINAL) {
    const asked = recordNumber === "" ? paymentId : groupedRecordNumber(recordNumber);
    const state = stateWord(report.state);
    const asking = `Ask again with: cardlane query ${asked}`;
    lines.push(paint("yellow", `Not certain yet (${state}). ${asking}`));
  } else if (receipt === undefined && report.state === PaymentState.REVERSED) {
    lines.push("Nothing was charged.");
  }
  const next = nextStepWord(nextStep);
  if (next !== "") lines.push(`Next: ${next}.`);
  return lines;
}
