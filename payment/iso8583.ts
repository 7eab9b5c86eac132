import { EntryMode, type PaymentKind } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { kindRules } from "./kinds.ts";

/** Message type indicator of a request (DE 0) by kind; a repeat ends in 1 instead of 0. */
export function messageTypeOf(kind: PaymentKind, isRepeat: boolean): number {
  return kindRules(kind).messageType + (isRepeat ? 1 : 0);
}

/** Message type of a reversal (DE 0). */
export function reversalMessageType(isRepeat: boolean): number {
  return isRepeat ? 401 : 400;
}

/** POS entry mode with PIN entry capability 1 (DE 22, n 3). */
export function posEntryMode(entryMode: EntryMode): string {
  return POS_ENTRY_MODES[entryMode as KnownEntryMode];
}

/** Normal presentment (DE 25). */
export const POS_CONDITION_NORMAL = "00";

/** Why a reversal is sent (DE 25 of a reversal; codes as in jPOS CMF). */
export const REVERSAL_REASONS = {
  CUSTOMER_CANCELLATION: 4000,
  UNABLE_TO_COMPLETE: 4007,
  TIMEOUT: 4021,
} as const;

/** Systems trace audit number (DE 11, n 6) of a reader's counter: 1 to 999999, then from 1. */
export function traceNumberOf(readerCounter: bigint): number {
  return Number((readerCounter - 1n) % 999_999n) + 1;
}

/** Local date and time of transaction (DE 13, 12) as YYYYMMDDhhmmss. */
export function localTime(timeMs: number, timeZone: string): string {
  const minute = Math.floor(timeMs / MINUTE_MS);
  let known = MINUTES.get(timeZone);
  if (known?.minute !== minute) {
    known = { minute, text: minuteText(minute * MINUTE_MS, timeZone) };
    MINUTES.set(timeZone, known);
  }
  const second = Math.floor((timeMs - minute * MINUTE_MS) / 1_000);
  return `${known.text}${String(second).padStart(2, "0")}`;
}

const MINUTE_MS = 60_000;

/**
 * The last minute asked for in each zone: formatting is a tenth of a relay's work on a payment
 * otherwise. Seconds are the same everywhere, because offsets have been whole minutes since 1972.
 */
const MINUTES = new Map<string, { readonly minute: number; readonly text: string }>();

function minuteText(timeMs: number, timeZone: string): string {
  const parts = formatterOf(timeZone).formatToParts(timeMs);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? "";
  return ["year", "month", "day", "hour", "minute"].map(part).join("");
}

/** Making one costs more than all other work on a message. */
const FORMATTERS = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = FORMATTERS.get(timeZone);
  if (known !== undefined) return known;
  const formatter = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  FORMATTERS.set(timeZone, formatter);
  return formatter;
}

type KnownEntryMode = Exclude<(typeof EntryMode)[keyof typeof EntryMode], 0>;

const POS_ENTRY_MODES: Record<KnownEntryMode, string> = {
  [EntryMode.CHIP]: "051",
  [EntryMode.CONTACTLESS]: "071",
  [EntryMode.MAGSTRIPE]: "901",
  [EntryMode.FALLBACK]: "801",
};
