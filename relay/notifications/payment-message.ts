import { type CurrencyCode, currencyLetters, minorDigits } from "../../payment/money.ts";
import { formatRecordNumber, type RecordNumber } from "../../payment/record-number.ts";
import { codeForHolder } from "../../payment/response-codes.ts";
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
  /** What it is told as: money that the card pays or gets back, or a question about it. */
  readonly telling: "payment" | "refund" | "enquiry";
  readonly merchantName: string;
  readonly terminalId: string;
  /** What was approved, or what was asked for when nothing was. */
  readonly amountMinor: bigint;
  /** Of it, in minor units; 0 where only a part was approved. */
  readonly tipMinor: bigint;
  readonly cashbackMinor: bigint;
  /** What a part leaves to be paid; 0 otherwise. */
  readonly dueMinor: bigint;
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
  const amount = facts.telling === "enquiry" ? "" : formatAmount(facts);
  const heading = isReceipt ? `${labels.receipt} · ${events[facts.event]}` : events[facts.event];
  const subject = `${heading} ${amount} · ${isolated(facts.merchantName)}`;
  const lines = linesOf(facts, language, amount);
  const sentence = sentences[facts.event];
  const note = isReceipt ? cardholderNote : ownerNote;
  const plainLines = lines.map(({ label, value }) => `${label}${colon}${isolated(value)}`);
  return {
    subject: singleLine(subject),
    text: `${`${heading} ${amount}`.trim()}\n${sentence}\n\n${plainLines.join("\n")}\n\n${note}\n`,
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
    ...partsOf(facts).flatMap(([label, part]) => line(label, part)),
    ...line("reason", reasonOf(facts, language)),
    ...line("card", cardOf(facts)),
    ...line("time", formatTime(facts)),
    ...line("record", formatRecordNumber(facts.recordNumber)),
    ...line("approvalCode", facts.event === "DECLINED" ? "" : facts.approvalCode),
    ...line("terminal", facts.terminalId),
  ];
}

/** What the amount is made of, and what it leaves to be paid. */
function partsOf(facts: PaymentFacts): (readonly [Label, string])[] {
  const parts = [
    ["tip", facts.tipMinor],
    ["cashback", facts.cashbackMinor],
    ["due", facts.dueMinor],
  ] as const;
  return parts.flatMap(([label, amountMinor]) =>
    amountMinor === 0n ? [] : [[label, formatAmount({ ...facts, amountMinor })] as const],
  );
}

function smsOf(facts: PaymentFacts, language: Language, heading: string, amount: string): string {
  const said = [
    `${isolated(facts.merchantName)}${language.colon}${heading} ${amount}`,
    ...partsOf(facts).map(([label, part]) => `${language.labels[label]} ${part}`),
    reasonOf(facts, language),
    cardOf(facts, "*"),
    formatTime(facts),
    formatRecordNumber(facts.recordNumber),
  ];
  return singleLine(said.filter((one) => one !== "").join(", "));
}

function reasonOf(facts: PaymentFacts, language: Omit<Language, "labels">): string {
  if (facts.event !== "DECLINED") return "";
  const { responseCode: code, purpose } = facts;
  const told = purpose === "RECEIPT" ? codeForHolder(code) : code;
  return language.reasons[told] ?? tellingOf(facts, language).reasonOther;
}

function tellingOf({ telling }: PaymentFacts, language: Omit<Language, "labels">): Telling {
  return language[telling];
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
  const format = new Intl.NumberFormat(writtenTag(locale), {
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
  const format = new Intl.DateTimeFormat(writtenTag(locale), {
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

/** Digits and calendar are of the language that the words are in, whatever else was asked for. */
function writtenTag(locale: string): string {
  return new Intl.Locale(spokenTag(locale)).baseName;
}

/**
 * A name that is written from right to left, kept from turning round what stands beside it (Unicode
 * UAX 9: first strong isolate). Other names stay as they are: an isolate costs an SMS its alphabet
 * of 160 characters.
 */
function isolated(text: string): string {
  return RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text;
}

const RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/** Narrow and unbreakable spaces have no place in the alphabet of an SMS; line ends none here. */
function singleLine(text: string): string {
  return text.replaceAll(/\s+/gu, " ").trim();
}
