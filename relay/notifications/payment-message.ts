import { type CurrencyCode, currencyLetters, minorDigits } from "../../payment/money.ts";
import { formatRecordNumber, type RecordNumber } from "../../payment/record-number.ts";
import { type Label, type Language, languageOf, type ToldEvent } from "./language.ts";

/** Everything that a message about a payment may say. There is no card number in it. */
export interface PaymentFacts {
  readonly event: ToldEvent;
  readonly purpose: "RESULT" | "RECEIPT";
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

interface Line {
  readonly label: string;
  readonly value: string;
}

/** Pure: the same facts give the same message. */
export function paymentMessage(facts: PaymentFacts): PaymentMessage {
  const language = languageOf(facts.locale);
  const { events, sentences, colon, ownerNote, cardholderNote, labels } = language;
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
    html: htmlOf({ facts, heading, amount, sentence, lines, note }),
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

function reasonOf({ event, responseCode }: PaymentFacts, language: Omit<Language, "labels">) {
  if (event !== "DECLINED") return "";
  return language.reasons[responseCode] ?? language.reasonOther;
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
export function formatTime({
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

const COLOURS: Readonly<Record<ToldEvent, string>> = {
  APPROVED: "#1a7f37",
  AUTHORIZED: "#1a7f37",
  DECLINED: "#b42318",
  REVERSED: "#7a5200",
  VOIDED: "#7a5200",
};

/** Tables and inline styles, because that is what every common mail reader shows alike. */
function htmlOf(parts: {
  readonly facts: PaymentFacts;
  readonly heading: string;
  readonly amount: string;
  readonly sentence: string;
  readonly lines: readonly Line[];
  readonly note: string;
}): string {
  const { facts, heading, amount, sentence, lines, note } = parts;
  const font = "font-family:-apple-system,'Segoe UI',Roboto,Arial,sans-serif";
  const rows = lines.map(
    ({ label, value }) =>
      `<tr><td style="padding:6px 16px 6px 0;color:#57606a">${escaped(label)}</td>` +
      `<td style="padding:6px 0;color:#1f2328">${escaped(value)}</td></tr>`,
  );
  return `<!doctype html>
<html lang="${escaped(facts.locale)}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>${escaped(heading)}</title></head>
<body style="margin:0;padding:24px;background:#f6f8fa;${font}">
<table role="presentation" align="center" width="100%" cellpadding="0" cellspacing="0"
 style="max-width:480px;background:#ffffff;border:1px solid #d0d7de;border-radius:8px">
<tr><td style="padding:24px 24px 0;font-size:16px;font-weight:600;color:${COLOURS[facts.event]}">
${escaped(heading)}</td></tr>
<tr><td style="padding:4px 24px 0;font-size:32px;font-weight:600;color:#1f2328">
${escaped(amount)}</td></tr>
<tr><td style="padding:8px 24px 16px;font-size:14px;color:#1f2328">${escaped(sentence)}</td></tr>
<tr><td style="padding:0 24px 16px"><table role="presentation" cellpadding="0" cellspacing="0"
 style="font-size:14px;${font}">
${rows.join("\n")}
</table></td></tr>
<tr><td style="padding:16px 24px;border-top:1px solid #d0d7de;font-size:12px;color:#57606a">
${escaped(note)}</td></tr>
</table>
</body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A merchant's name is whatever somebody typed. */
function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
