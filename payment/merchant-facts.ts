import { PaymentError } from "./errors.ts";

/** DE 43 as people read it: what a reader and a receipt have room for. */
const NAME_CHARACTERS_MAX = 40;
/** ISO 3166-1 numeric, and ISO 18245. */
const COUNTRY_MAX = 999;
const CATEGORY_CODE_MAX = 9_999;

/**
 * Controls, marks that turn the direction of text, line separators, half surrogates and what is not
 * assigned. The two joiners are letters to Persian, Hindi and others.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Cn}\p{Co}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/u;

interface MerchantFacts {
  readonly merchantName: string;
  readonly country: number;
  readonly merchantCategoryCode: number;
}

/**
 * What a terminal's certificate says of its merchant goes onto readers, receipts, mails and phones.
 *
 * @throws PaymentError MALFORMED_REQUEST naming the field; it does not quote a name.
 */
export function requireMerchantFacts(facts: MerchantFacts): void {
  const { merchantName: name, country, merchantCategoryCode } = facts;
  const characters = [...name].length;
  const isName =
    characters <= NAME_CHARACTERS_MAX &&
    name.trim() !== "" &&
    name.trim() === name &&
    !UNPRINTABLE.test(name);
  require(isName, "merchant_name", `1 to ${NAME_CHARACTERS_MAX} printable characters`);
  require(country >= 1 && country <= COUNTRY_MAX, "country", "an ISO 3166-1 numeric code");
  require(merchantCategoryCode <=
    CATEGORY_CODE_MAX, "merchant_category_code", "an ISO 18245 code, 0 to 9999");
}

function require(isSo: boolean, field: string, expected: string): void {
  if (isSo) return;
  throw new PaymentError("MALFORMED_REQUEST", `${field} must be ${expected}`, { field });
}
