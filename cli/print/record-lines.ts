import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { PaymentRecord } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { printable } from "../../mesh/printable.ts";
import { formatMoney, parseCurrency } from "../../payment/money.ts";
import { responseCode } from "../../payment/response-codes.ts";
import { groupedRecordNumber } from "./receipt.ts";
import { type Column, formatWhen, type Paint, plainPaint, type Style } from "./text.ts";
import { entryModeWord, kindWord, nextStepWord, recordStateWord } from "./words.ts";

const NAME_COLUMNS = 16;

/** Everything a person may see of a record, a fact per line. */
export function recordLines(
  record: PaymentRecord,
  { timeZone, paint = plainPaint }: { readonly timeZone?: string; readonly paint?: Paint } = {},
): string[] {
  const when = (timeMs: bigint) => (timeMs === 0n ? "" : formatWhen(Number(timeMs), timeZone));
  const facts: (readonly [string, string])[] = [
    ["Record", groupedRecordNumber(record.recordNumber)],
    ["State", recordStateWord(record)],
    ["Next", nextStepWord(record.nextStep)],
    ["Kind", kindWord(record.kind)],
    ["Amount", amountOf(record, record.amounts?.totalMinor ?? 0n)],
    ["Approved", approvedAmountOf(record)],
    ["Card", cardOf(record)],
    ["Read", entryModeWord(record.entryMode)],
    ["Response", responseOf(record)],
    ["Approval code", record.approvalCode],
    ["Reference", record.retrievalReference],
    ["Trace number", String(record.traceNumber).padStart(6, "0")],
    ["Merchant", record.merchantId],
    ["Terminal", record.terminalId],
    ["Reader", record.readerSerial],
    ["Payment id", record.paymentId],
    ["Original", record.originalPaymentId],
    ["Recorded", when(record.recordedAtMs)],
    ["Completed", when(record.completedAtMs)],
    ["Trace", record.traceId],
  ];
  const line = ([name, value]: readonly [string, string]) => {
    const shown = name === "State" ? paint(styleOf(record), value) : printable(value);
    return `${paint("dim", name.padEnd(NAME_COLUMNS))}${shown}`;
  };
  return [
    ...facts.filter(([, value]) => value !== "").map(line),
    ...record.history.map(({ atMs, state }) => {
      const then = paint("dim", "  then".padEnd(NAME_COLUMNS));
      return `${then}${when(atMs)}  ${recordStateWord({ ...record, state })}`;
    }),
  ];
}

export const RECORD_COLUMNS: readonly Column[] = [
  { heading: "Record" },
  { heading: "Recorded" },
  { heading: "Kind" },
  { heading: "Amount", isRight: true },
  { heading: "Card" },
  { heading: "State" },
  { heading: "Response" },
];

/** A record as one row under RECORD_COLUMNS. */
export function recordRow(record: PaymentRecord, timeZone?: string): string[] {
  return [
    groupedRecordNumber(record.recordNumber),
    formatWhen(Number(record.recordedAtMs), timeZone),
    kindWord(record.kind),
    amountOf(record, record.amounts?.totalMinor ?? 0n),
    cardOf(record),
    recordStateWord(record),
    responseOf(record),
  ];
}

function styleOf(record: PaymentRecord): Style {
  const word = recordStateWord(record);
  if (["approved", "authorized", "captured"].includes(word)) return "green";
  return word === "declined" ? "red" : "yellow";
}

function amountOf({ currency }: PaymentRecord, amountMinor: bigint): string {
  // Of a payment that was refused or cancelled before it came, nothing but its id is known.
  return currency === 0 ? "" : formatMoney({ amountMinor, currency: parseCurrency(currency) });
}

/** Only where it says more than the amount asked for. */
function approvedAmountOf(record: PaymentRecord): string {
  const { approvedAmountMinor, amounts } = record;
  const isOther = approvedAmountMinor !== 0n && approvedAmountMinor !== amounts?.totalMinor;
  return isOther ? amountOf(record, approvedAmountMinor) : "";
}

function cardOf({ scheme, lastFour }: PaymentRecord): string {
  return lastFour === "" ? "" : printable(`${scheme} …${lastFour}`);
}

/** Why the processor did not decide, or what it said. */
function responseOf({ fault, state, ...record }: PaymentRecord): string {
  if (fault !== undefined) return printable(fault.code);
  const code = printable(record.responseCode);
  if (code === "") return "";
  // The code of every reversal says "too late", also of one that somebody asked for.
  return `${code} ${state === PaymentState.REVERSED ? "Undone" : responseCode(code).meaning}`;
}
