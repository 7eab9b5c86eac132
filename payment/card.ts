import { inspect } from "node:util";
import { hasLuhnCheckDigit } from "./card-number-text.ts";
import { PaymentError } from "./errors.ts";

const PAN_SHAPE = /^\d{12,19}$/;
const PIN_SHAPE = /^\d{4,12}$/;

/** A primary account number (DE 2, EMV 5A) that never prints itself. */
export class Pan {
  readonly #digits: string;

  private constructor(digits: string) {
    this.#digits = digits;
  }

  /** @throws PaymentError MALFORMED_REQUEST unless 12 to 19 digits with a right check digit. */
  static parse(text: string): Pan {
    const digits = text.replaceAll(" ", "");
    if (!PAN_SHAPE.test(digits) || !hasLuhnCheckDigit(digits)) {
      throw new PaymentError(
        "MALFORMED_REQUEST",
        "card number must be 12 to 19 digits with a right check digit",
        { field: "pan" },
      );
    }
    return new Pan(digits);
  }

  get lastFour(): string {
    return this.#digits.slice(-4);
  }

  /** First six and last four digits: the most that may be shown (PCI DSS 3.4.1). */
  get masked(): string {
    return maskPan(this.#digits);
  }

  get scheme(): string {
    return schemeOf(this.#digits);
  }

  /** All digits. Only for sealing, opening and looking a card up. */
  revealPan(): string {
    return this.#digits;
  }

  toString(): string {
    return `[card ending ${this.lastFour}]`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** A PIN that never prints itself. */
export class Pin {
  readonly #digits: string;

  private constructor(digits: string) {
    this.#digits = digits;
  }

  /** @throws PaymentError PIN_NOT_ENTERED unless 4 to 12 digits (ISO 9564-1). */
  static parse(text: string): Pin {
    if (!PIN_SHAPE.test(text)) {
      throw new PaymentError("PIN_NOT_ENTERED", "PIN must be 4 to 12 digits", { field: "pin" });
    }
    return new Pin(text);
  }

  /** All digits. Only for building a PIN block. */
  revealPin(): string {
    return this.#digits;
  }

  toString(): string {
    return "[PIN]";
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** `"4242424242424242"` → `"424242******4242"`; anything of another shape shows nothing. */
export function maskPan(digits: string): string {
  if (!PAN_SHAPE.test(digits)) return "[card]";
  return `${digits.slice(0, 6)}${"*".repeat(digits.length - 10)}${digits.slice(-4)}`;
}

/** Ranges of issuer identification numbers (ISO/IEC 7812), narrowest first. */
const SCHEME_RANGES: readonly (readonly [RegExp, string])[] = [
  [/^4506445/, "INTERAC"],
  [/^3[47]/, "AMEX"],
  [/^3(?:0[0-5]|[68])/, "DINERS"],
  [/^35(?:2[89]|[3-8])/, "JCB"],
  [/^6(?:011|4[4-9]|5)/, "DISCOVER"],
  [/^62/, "UNIONPAY"],
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, "MASTERCARD"],
  [/^4/, "VISA"],
];

function schemeOf(digits: string): string {
  return SCHEME_RANGES.find(([range]) => range.test(digits))?.[1] ?? "CARD";
}
