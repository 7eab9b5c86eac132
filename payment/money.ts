import currencyCodes, { type CurrencyCodeRecord } from "currency-codes";
import { PaymentError } from "./errors.ts";
import { type Brand, whatCame } from "./identifiers.ts";

/** ISO 4217 numeric code, 1 to 999 (ISO 8583 DE 49): 978 is EUR. */
export type CurrencyCode = Brand<number, "CurrencyCode">;

/** An exact amount: `{ amountMinor: 1250n, currency: EUR }` is 12.50 EUR. */
export interface Money {
  /** Whole minor units of `currency`, from 0 to AMOUNT_MINOR_MAX. */
  readonly amountMinor: bigint;
  readonly currency: CurrencyCode;
}

/** Largest amount that fits DE 4 (n 12). */
export const AMOUNT_MINOR_MAX = 999_999_999_999n;

/**
 * What the ISO 4217 Maintenance Agency has changed since the package's list of 2024-06-25, as of
 * 2026-12-01: XCG took the number of ANG, XAD came, and Bulgaria pays in euros.
 */
const ADDED: readonly CurrencyCodeRecord[] = [
  { code: "XCG", number: "532", digits: 2, currency: "Caribbean Guilder", countries: [] },
  { code: "XAD", number: "396", digits: 2, currency: "Arab Accounting Dinar", countries: [] },
];
const WITHDRAWN: readonly string[] = ["ANG", "BGN"];

const added = new Set(ADDED.map(({ number }) => number));
const known = [...currencyCodes.data.filter(({ number }) => !added.has(number)), ...ADDED];
// The package looks through its list, and every payment asks.
const byNumber: ReadonlyMap<number, CurrencyCodeRecord> = new Map(
  known.map((entry) => [Number(entry.number), entry]),
);
const byLetters: ReadonlyMap<string, CurrencyCodeRecord> = new Map(
  known.filter(({ code }) => !WITHDRAWN.includes(code)).map((entry) => [entry.code, entry]),
);

export function parseAmountMinor(amountMinor: bigint, field = "amounts.total_minor"): bigint {
  if (amountMinor < 1n || amountMinor > AMOUNT_MINOR_MAX) {
    throw new PaymentError(
      "AMOUNT_OUT_OF_RANGE",
      `${field} must be 1 to ${AMOUNT_MINOR_MAX} minor units, got ${amountMinor}`,
      { field },
    );
  }
  return amountMinor;
}

/** @throws PaymentError CURRENCY_NOT_ACCEPTED for a code that ISO 4217 does not list. */
export function parseCurrency(numeric: number, field = "currency"): CurrencyCode {
  if (!byLetters.has(byNumber.get(numeric)?.code ?? "")) {
    throw new PaymentError(
      "CURRENCY_NOT_ACCEPTED",
      `${field} must be an ISO 4217 numeric code, got ${numeric}`,
      { field },
    );
  }
  return numeric as CurrencyCode;
}

/** `"EUR"` → 978. @throws PaymentError CURRENCY_NOT_ACCEPTED. */
export function currencyFromLetters(letters: string, field = "currency"): CurrencyCode {
  const entry = /^[A-Za-z]{3}$/.test(letters) ? byLetters.get(letters.toUpperCase()) : undefined;
  if (entry === undefined) {
    const came = whatCame(letters);
    throw new PaymentError(
      "CURRENCY_NOT_ACCEPTED",
      `${field} must be an ISO 4217 code such as EUR, got ${came}`,
      { field },
    );
  }
  return Number(entry.number) as CurrencyCode;
}

/** 978 → `"EUR"`. */
export function currencyLetters(currency: CurrencyCode): string {
  return entryOf(currency).code;
}

/** Digits after the decimal point: 2 for EUR, 0 for JPY, 3 for KWD. */
export function minorDigits(currency: CurrencyCode): number {
  return entryOf(currency).digits;
}

/**
 * What a person types: `"12.50"`, `"12"` or `"12,50"` in EUR are 1250, 1200 and 1250 minor units.
 *
 * @throws PaymentError AMOUNT_OUT_OF_RANGE for anything else, too many decimals, or 0.
 */
export function parseAmountText(text: string, currency: CurrencyCode): Money {
  const digits = minorDigits(currency);
  const decimals = digits === 0 ? "" : `(?:[.,](\\d{1,${digits}}))?`;
  const match = new RegExp(`^(\\d{1,12})${decimals}$`).exec(text.trim());
  if (match === null) {
    const shape = digits === 0 ? "a whole number" : `a number with up to ${digits} decimals`;
    const came = whatCame(text);
    throw new PaymentError(
      "AMOUNT_OUT_OF_RANGE",
      `amount in ${currencyLetters(currency)} must be ${shape}, without a sign, got ${came}`,
      { field: "amount" },
    );
  }
  const [, whole = "0", fraction = ""] = match;
  const amountMinor = BigInt(whole + fraction.padEnd(digits, "0"));
  return { amountMinor: parseAmountMinor(amountMinor, "amount"), currency };
}

/** `{1250n, EUR}` → `"12.50 EUR"`: for receipts and displays that speak no particular language. */
export function formatMoney({ amountMinor, currency }: Money): string {
  const digits = minorDigits(currency);
  const sign = amountMinor < 0n ? "-" : "";
  const all = String(amountMinor < 0n ? -amountMinor : amountMinor).padStart(digits + 1, "0");
  const whole = all.slice(0, all.length - digits);
  const fraction = digits === 0 ? "" : `.${all.slice(all.length - digits)}`;
  return `${sign}${whole}${fraction} ${currencyLetters(currency)}`;
}

function entryOf(currency: CurrencyCode): CurrencyCodeRecord {
  const entry = byNumber.get(currency);
  if (entry === undefined) throw new Error(`bug: currency ${currency} was never parsed`);
  return entry;
}
