import { PaymentError } from "./errors.ts";
import type { Brand, RelayId } from "./identifiers.ts";

/**
 * The relay's number of a transaction record, made to be read out on the phone: 12 characters of
 * Crockford base32 (no I, L, O, U): relay id (2), second (4, starts again after 12 days),
 * random (5, 25 bits), check character (1).
 */
export type RecordNumber = Brand<string, "RecordNumber">;

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const RADIX = ALPHABET.length;
const RELAY_ID_CHARACTERS = 2;
const SECOND_CHARACTERS = 4;
/** Random bytes that a new number takes: one for each character, of which 5 bits are used. */
export const RECORD_NUMBER_BYTES = 5;
const LENGTH = 12;

/**
 * Numbers of one moment begin alike, so that an index of them grows in one place: with random
 * numbers each insert touches a page of its own, which the WAL then has to hold whole.
 *
 * @param randomness RECORD_NUMBER_BYTES fresh random bytes.
 */
export function newRecordNumber(
  relayId: RelayId,
  nowMs: number,
  randomness: Uint8Array,
): RecordNumber {
  let rest = Math.floor(nowMs / 1_000);
  let second = "";
  for (let index = 0; index < SECOND_CHARACTERS; index += 1) {
    second = ALPHABET.charAt(rest % RADIX) + second;
    rest = Math.floor(rest / RADIX);
  }
  let body: string = relayId + second;
  for (const byte of randomness.subarray(0, RECORD_NUMBER_BYTES)) {
    body += ALPHABET.charAt(byte % RADIX);
  }
  return (body + checkCharacter(body)) as RecordNumber;
}

/** Which relay drew that number. */
export function relayIdOf(recordNumber: string): string {
  return recordNumber.slice(0, RELAY_ID_CHARACTERS);
}

/**
 * Reads what a person types or says: in any case, without spaces and hyphens, I and L as 1, O as 0.
 *
 * @throws PaymentError MALFORMED_REQUEST with what is wrong.
 */
export function parseRecordNumber(text: string, field = "record_number"): RecordNumber {
  const plain = text
    .toUpperCase()
    .replaceAll(/[\s-]/g, "")
    .replaceAll(/[IL]/g, "1")
    .replaceAll("O", "0");
  if (plain.length !== LENGTH || [...plain].some((character) => !ALPHABET.includes(character))) {
    throw malformed(field, `must be ${LENGTH} letters and digits, got ${text.length} characters`);
  }
  if (checkCharacter(plain.slice(0, -1)) !== plain.at(-1)) {
    throw malformed(field, "has a wrong check character; a character was misread");
  }
  return plain as RecordNumber;
}

/** `"A17K2M9QX4T8"` → `"A17K-2M9Q-X4T8"`, the way it is printed. */
export function formatRecordNumber(recordNumber: RecordNumber): string {
  return `${recordNumber.slice(0, 4)}-${recordNumber.slice(4, 8)}-${recordNumber.slice(8)}`;
}

/** Hybrid system of ISO 7064 for radix 32: finds every single wrong character and most swaps. */
function checkCharacter(body: string): string {
  let product = RADIX;
  for (const character of body) {
    const sum = (product + ALPHABET.indexOf(character)) % RADIX || RADIX;
    product = (sum * 2) % (RADIX + 1);
  }
  return ALPHABET.charAt((RADIX + 1 - product) % RADIX);
}

function malformed(field: string, problem: string): PaymentError {
  return new PaymentError("MALFORMED_REQUEST", `${field} ${problem}`, { field });
}
