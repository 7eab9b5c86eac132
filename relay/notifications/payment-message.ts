import { type CurrencyCode, currencyLetters, minorDigits } from "../../payment/money.ts";
import { formatRecordNumber, type RecordNumber } from "../../payment/record-number.ts";
import {
  type Label,
  type Language,
  languageOf,
  spokenTag,
  type Telling,
  type ToldEvent,
} from "./language.ts";
import { type Line, mailPage } from "./mail-page.ts";

/** Everything that a message about a payment may say. There is no card number in it. */
export interface PaymentFacts {
  readonly event: ToldEvent;
  readonly purpose: "RESULT" | "RECEIPT";
  /** Whether the money goes back to the card. */
  readonly isRefund: boolean;
  readonly merchantName: string;
  readonly terminalId: string;
  /** What was approved, or what was asked for when nothing was. */
  readonly amountMinor: bigint;
  readonly currency: CurrencyCode;
  readonly responseCode: string;
  readonly approvalCode: string;
  /** "VISA"; empty when the card was not told. */
  readonly scheme: string;
  readonly lastFour: string;
  readonly recordNumber: RecordNumber;
  readonly atMs: number;
  /** BCP 47. */
  readonly locale: string;
  /** IANA. */
  readonly timeZone: string;
}

/** One message in all the shapes that it may be sent in. */
export interface PaymentMessage {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** One line, without the words that a phone has no room for. */
  readonly sms: string;
}

/** Pure: the same facts give the same message. */
export function paymentMessage(facts: PaymentFacts): PaymentMessage {
  const language = languageOf(facts.locale);
  const { colon, ownerNote, cardholderNote, labels } = language;
  const { events, sentences } = tellingOf(facts, language);
  const isReceipt = facts.purpose === "RECEIPT";
  const amount = formatAmount(facts);
  const heading = isReceipt ? `${labels.receipt} · ${events[facts.event]}` : events[facts.event];
  const subject = `${heading} ${amount} · ${facts.merchantName}`;
  const lines = linesOf(facts, language, amount);
  const sentence = sentences[facts.event];
  const note = isReceipt ? cardholderNote : ownerNote;
  const plainLines = lines.map(({ label, value }) => `${label}${colon}${value}`);
  return {
    subject: singleLine(subject),
    text: `${heading} ${amount}\n${sentence}\n\n${plainLines.join("\n")}\n\n${note}\n`,
    html: mailPage({
      language: spokenTag(facts.locale),
      event: facts.event,
      ...{ heading, amount, sentence, lines, note },
    }),
    sms: smsOf(facts, language, heading, amount),
  };
}

function linesOf(facts: PaymentFacts, { labels, ...language }: Language, amount: string): Line[] {
  const line = (label: Label, value: string): Line[] =>
    value === "" ? [] : [{ label: labels[label], value: singleLine(value) }];
  return [
    ...line("merchant", facts.merchantName),
    ...line("amount", amount),
    ...line("reason", reasonOf(facts, language)),
    ...line("card", cardOf(facts)),
    ...line("time", formatTime(facts)),
    ...line("record", formatRecordNumber(facts.recordNumber)),
    ...line("approvalCode", facts.event === "DECLINED" ? "" : facts.approvalCode),
    ...line("terminal", facts.terminalId),
  ];
}

function smsOf(facts: PaymentFacts, language: Language, heading: string, amount: string): string {
  const said = [
    `${facts.merchantName}${language.colon}${heading} ${amount}`,
    reasonOf(facts, language),
    cardOf(facts, "*"),
    formatTime(facts),
    formatRecordNumber(facts.recordNumber),
  ];
  return singleLine(said.filter((one) => one !== "").join(", "));
}

function reasonOf(facts: PaymentFacts, language: Omit<Language, "labels">): string {
  if (facts.event !== "DECLINED") return "";
  return language.reasons[facts.responseCode] ?? tellingOf(facts, language).reasonOther;
}

function tellingOf({ isRefund }: PaymentFacts, language: Omit<Language, "labels">): Telling {
  return isRefund ? language.refund : language.payment;
}

/** "VISA …4242"; anything but four digits shows nothing. An SMS has a mark of its own alphabet. */
function cardOf({ scheme, lastFour }: PaymentFacts, mark = "…"): string {
  return /^\d{4}$/.test(lastFour) ? `${scheme} ${mark}${lastFour}`.trim() : "";
}

/** As the recipient writes amounts: "€12.50", "12,50 €". */
export function formatAmount({
  amountMinor,
  currency,
  locale,
}: Pick<PaymentFacts, "amountMinor" | "currency" | "locale">): string {
  const digits = minorDigits(currency);
  const all = String(amountMinor).padStart(digits + 1, "0");
  const fraction = digits === 0 ? "" : `.${all.slice(all.length - digits)}`;
  const decimal = `${all.slice(0, all.length - digits)}${fraction}` as `${number}`;
  const format = new Intl.NumberFormat(locale, {
    style: "currency",
    currency: currencyLetters(currency),
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return singleLine(format.format(decimal));
}

/** With the zone: who reads it may be elsewhere. */
function formatTime({
  atMs,
  locale,
  timeZone,
}: Pick<PaymentFacts, "atMs" | "locale" | "timeZone">): string {
  const format = new Intl.DateTimeFormat(locale, {
    timeZone,
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
  });
  return singleLine(format.format(atMs));
}

/** Narrow and unbreakable spaces have no place in the alphabet of an SMS; line ends none here. */
function singleLine(text: string): string {
  return text.replaceAll(/\s+/gu, " ").trim();
}
