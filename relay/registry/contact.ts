import { domainToASCII } from "node:url";
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
 * The local part of a mailbox: atoms between dots (RFC 5321), in any script (RFC 6531). Quoted
 * parts and comments are left out on purpose: nobody has one, and header injection begins there.
 */
const LOCAL_PART =
  /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u;
/** RFC 5321, section 4.5.3.1.1. */
const LOCAL_PART_BYTES_MAX = 64;
/** Two labels at least, as DNS has them: the last one is no number. */
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9-]{2,63}$/;

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
  const at = text.lastIndexOf("@");
  const [local, host] = [text.slice(0, at), text.slice(at + 1)];
  // What DNS knows it by: "bücher.example" is xn--bcher-kva.example.
  const domain = /^[\p{L}\p{M}\p{N}.-]+$/u.test(host) ? domainToASCII(host) : "";
  const isMailbox =
    at > 0 &&
    LOCAL_PART.test(local) &&
    Buffer.byteLength(local) <= LOCAL_PART_BYTES_MAX &&
    local.length + 1 + domain.length <= EMAIL_CHARACTERS_MAX &&
    DOMAIN.test(domain);
  if (!isMailbox) throw malformed(field, "must be a mailbox such as till@shop.example");
  return text.normalize("NFC");
}

/** Whatever way it is written, one address is one: for opt-outs and limits. */
export function addressKey(address: string): string {
  const lower = address.normalize("NFC").toLowerCase();
  const at = lower.lastIndexOf("@");
  return at === -1 ? lower : `${lower.slice(0, at)}@${domainToASCII(lower.slice(at + 1))}`;
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
      // As it was given: V8 would store today's names under those of years ago.
      new Intl.DateTimeFormat("en", { timeZone: text });
      return text;
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
