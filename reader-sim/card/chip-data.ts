import type { CurrencyCode } from "../../payment/money.ts";
import { concatBytes } from "../../sealing/bytes.ts";
import type { Random } from "../../sealing/random.ts";

export interface ChipDataFacts {
  readonly amountMinor: bigint;
  readonly currency: CurrencyCode;
  /** ISO 3166-1 numeric, 1 to 999. */
  readonly country: number;
  /** The reader's counter stands in for the card's own (tag 9F36). */
  readonly counter: bigint;
  /** Unix milliseconds of the reader's clock. */
  readonly timeMs: number;
  readonly random: Random;
}

/**
 * What a chip hands out for authorization (ISO 8583 DE 55) as BER-TLV. It is simulated: tags and
 * lengths are those of EMV Book 3, annex A, but no card has computed the cryptogram in 9F26, which
 * is random. Track 2 equivalent (57) and number (5A) are left out: CardData has them once already.
 */
export function chipData(facts: ChipDataFacts): Uint8Array {
  const { amountMinor, currency, country, counter, timeMs, random } = facts;
  const date = new Date(timeMs).toISOString().slice(2, 10).replaceAll("-", "");
  return concatBytes(
    tag("9f26", random.bytes(8)), // application cryptogram
    tag("9f27", hex("80")), // an ARQC: the card asks to go online
    tag("9f10", hex("06010a03a0b800")), // issuer application data
    tag("9f37", random.bytes(4)), // unpredictable number
    tag("9f36", hex((counter & 0xffffn).toString(16).padStart(4, "0"))),
    tag("95", hex("0000008000")), // terminal verification results: over the floor limit
    tag("9a", hex(date)),
    tag("9c", hex("00")), // goods and services
    tag("9f02", hex(String(amountMinor).padStart(12, "0"))),
    tag("5f2a", hex(String(currency).padStart(4, "0"))),
    tag("82", hex("3900")), // application interchange profile
    tag("9f1a", hex(String(country).padStart(4, "0"))),
  );
}

/** A primitive BER-TLV object with a length below 128. */
function tag(name: string, value: Uint8Array): Uint8Array {
  return concatBytes(hex(name), Uint8Array.of(value.length), value);
}

function hex(text: string): Uint8Array {
  return Buffer.from(text, "hex");
}
