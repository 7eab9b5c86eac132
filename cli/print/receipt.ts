import { Certainty, Outcome, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { PaymentReport, Receipt } from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { printable } from "../../mesh/printable.ts";
import { formatMoney, parseCurrency } from "../../payment/money.ts";
import { formatRecordNumber, parseRecordNumber } from "../../payment/record-number.ts";
import { responseCode } from "../../payment/response-codes.ts";
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
    framed(pair(kindWord(receipt.kind).toUpperCase(), amountOf(receipt)), "bold", paint),
    framed(""),
    ...facts(receipt, timeZone).map(([name, value]) => framed(pair(name, value))),
    `├${rule}┤`,
    ...headline.flatMap(wrap).map((line) => framed(centred(line), style, paint)),
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
  const { meaning } = responseCode(receipt.responseCode);
  switch (receipt.outcome) {
    case Outcome.APPROVED:
      return { headline: ["APPROVED"], style: "green" };
    case Outcome.PARTIALLY_APPROVED:
      return { headline: ["APPROVED FOR A PART"], style: "green" };
    case Outcome.DECLINED:
      return { headline: ["DECLINED", `${receipt.responseCode} ${meaning}`], style: "red" };
    case Outcome.REVERSED:
      return { headline: ["REVERSED", "nothing is charged"], style: "yellow" };
    case Outcome.VOIDED:
      return { headline: ["VOIDED", "nothing is charged"], style: "yellow" };
    default:
      return { headline: ["UNKNOWN"], style: "yellow" };
  }
}

function amountOf({ amountMinor, currency }: Receipt): string {
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
  const cut = [...content].slice(0, INNER_COLUMNS).join("");
  const padded = cut + " ".repeat(INNER_COLUMNS - [...cut].length);
  return `│ ${style === undefined ? padded : paint(style, padded)} │`;
}

function pair(name: string, value: string): string {
  const shown = printable(value);
  const gap = INNER_COLUMNS - [...name].length - [...shown].length;
  return `${name}${" ".repeat(Math.max(1, gap))}${shown}`;
}

function centred(text: string): string {
  return " ".repeat(Math.max(0, Math.floor((INNER_COLUMNS - [...text].length) / 2))) + text;
}

/** Lines of whole words; a word longer than a line is cut into lines. */
function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap(cutWord)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if ([...longer].length <= INNER_COLUMNS) {
      line = longer;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

function cutWord(word: string): string[] {
  const characters = [...word];
  const pieces: string[] = [];
  for (let start = 0; start < characters.length; start += INNER_COLUMNS) {
    pieces.push(characters.slice(start, start + INNER_COLUMNS).join(""));
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
