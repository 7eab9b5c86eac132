import { type NumberType, parsePhoneNumberFromString } from "libphonenumber-js/max";
import { PaymentError } from "../../payment/errors.ts";

/** Whom results are sent to, checked, with all defaults filled in. */
export interface Contact {
  /** E.164; empty for no SMS. */
  readonly phone: string;
  /** Empty for no e-mail. */
  readonly email: string;
  /** BCP 47: "en-GB". */
  readonly language: string;
  /** IANA: "Europe/Vienna". */
  readonly timeZone: string;
}

/** RFC 5321, section 4.5.3.1.3, without the angle brackets. */
const EMAIL_CHARACTERS_MAX = 254;
const LANGUAGE_CHARACTERS_MAX = 35;
const TIME_ZONE_CHARACTERS_MAX = 64;
/**
 * A mailbox that every mail server takes. Quoted local parts and comments are left out on purpose:
 * nobody has one, and they are where header injection begins.
 */
const EMAIL = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}$/;

/** Whoever has such a number may earn by each SMS to it, or cannot get any. */
const COSTLY_TYPES: ReadonlySet<NumberType> = new Set<NumberType>([
  "PREMIUM_RATE",
  "SHARED_COST",
  "PERSONAL_NUMBER",
  "PAGER",
  "UAN",
  "VOICEMAIL",
  "TOLL_FREE",
]);

/** ITU-T E.164 codes of no country: satellites and international services. */
const COSTLY_CODES: ReadonlySet<string> = new Set([
  ...["800", "808", "870", "878", "881", "882", "883", "888", "979"],
]);

/** @throws PaymentError MALFORMED_REQUEST naming the field. */
export function parseContact(given: Contact, prefix: string): Contact {
  return {
    phone: given.phone === "" ? "" : parsePhone(given.phone, `${prefix}phone`),
    email: given.email === "" ? "" : parseEmail(given.email, `${prefix}email`),
    language: parseLanguage(given.language, `${prefix}language`),
    timeZone: parseTimeZone(given.timeZone, `${prefix}time_zone`),
  };
}

/** "+1 202 555 0123" → "+12025550123". @throws PaymentError MALFORMED_REQUEST. */
function parsePhone(text: string, field: string): string {
  const number = parsePhoneNumberFromString(text, { extract: false });
  if (number === undefined || !number.isValid()) {
    throw malformed(field, "must be a telephone number with country code, such as +12025550123");
  }
  const { countryCallingCode } = number;
  if (COSTLY_TYPES.has(number.getType()) || COSTLY_CODES.has(countryCallingCode)) {
    throw malformed(field, "must be a number that gets SMS at the usual price, and no service");
  }
  return number.number;
}

/** @throws PaymentError MALFORMED_REQUEST. */
function parseEmail(text: string, field: string): string {
  if (text.length > EMAIL_CHARACTERS_MAX || !EMAIL.test(text) || text.includes("..")) {
    throw malformed(field, "must be a mailbox such as till@shop.example");
  }
  return text;
}

/** Whatever way it is written, one address is one: for opt-outs and limits. */
export function addressKey(address: string): string {
  return address.toLowerCase();
}

/** @throws PaymentError MALFORMED_REQUEST. */
export function parseAddress(text: string, field: string): string {
  return text.includes("@") ? parseEmail(text, field) : parsePhone(text, field);
}

function parseLanguage(text: string, field: string): string {
  if (text === "") return "en";
  try {
    const [tag] = text.length > LANGUAGE_CHARACTERS_MAX ? [] : Intl.getCanonicalLocales(text);
    if (tag !== undefined) return tag;
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
  }
  throw malformed(field, "must be a language tag such as en-GB or zh-CN");
}

function parseTimeZone(text: string, field: string): string {
  if (text === "") return "UTC";
  try {
    if (text.length <= TIME_ZONE_CHARACTERS_MAX) {
      return new Intl.DateTimeFormat("en", { timeZone: text }).resolvedOptions().timeZone;
    }
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
  }
  throw malformed(field, "must be a time zone such as Europe/Vienna");
}

/** Does not quote what came: a card number may be typed into any field. */
function malformed(field: string, problem: string): PaymentError {
  return new PaymentError("MALFORMED_REQUEST", `${field} ${problem}`, { field });
}
