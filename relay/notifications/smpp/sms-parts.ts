import { gsmCodes } from "./gsm-alphabet.ts";

/** How the text of an SMS is put into submit_sm (SMPP 3.4, section 5.2.19). */
export const DATA_CODING = {
  /** The centre's default alphabet: GSM 7-bit, one code to a byte. */
  gsm: 0x00,
  ucs2: 0x08,
} as const;

/** A message as it goes over SMPP: one part, or several with a header that joins them again. */
interface SmsParts {
  readonly dataCoding: number;
  /** short_message of each part. */
  readonly parts: readonly Uint8Array[];
  /** Whether each part begins with a user data header (esm_class 0x40). */
  readonly hasHeader: boolean;
}

/** 140 octets hold 160 codes of 7 bits or 70 of 16; the header takes 7 octets of each part. */
const GSM_CODES_MAX = 160;
const GSM_CODES_PART_MAX = 152;
const UCS2_BYTES_MAX = 140;
const UCS2_BYTES_PART_MAX = 132;
/** A header counts parts in one octet; nobody reads so long a message on a phone. */
const PARTS_MAX = 10;

/**
 * Encodes `text` and cuts it where it is too long for one message. A character is never cut in two,
 * whether it is an escape with its code or a surrogate pair.
 *
 * @param reference joins the parts at the phone, 0 to 65535: the same for every attempt.
 * @throws RangeError over PARTS_MAX parts.
 */
export function smsParts(text: string, reference: number): SmsParts {
  const codes = gsmCodes(text);
  const isGsm = codes !== undefined;
  const characters = isGsm ? codes.map((one) => Uint8Array.from(one)) : [...text].map(ucs2Of);
  const dataCoding = isGsm ? DATA_CODING.gsm : DATA_CODING.ucs2;
  const length = characters.reduce((sum, one) => sum + one.length, 0);
  if (length <= (isGsm ? GSM_CODES_MAX : UCS2_BYTES_MAX)) {
    return { dataCoding, parts: [Buffer.concat(characters)], hasHeader: false };
  }
  const contents = cut(characters, isGsm ? GSM_CODES_PART_MAX : UCS2_BYTES_PART_MAX);
  if (contents.length > PARTS_MAX) {
    throw new RangeError(`a message may have ${PARTS_MAX} parts, this one has ${contents.length}`);
  }
  const parts = contents.map((content, index) =>
    Buffer.concat([joiningHeader(reference, contents.length, index + 1), content]),
  );
  return { dataCoding, parts, hasHeader: true };
}

function cut(characters: readonly Uint8Array[], lengthMax: number): Uint8Array[] {
  const parts: Uint8Array[][] = [[]];
  let length = 0;
  for (const character of characters) {
    if (length + character.length > lengthMax) {
      parts.push([]);
      length = 0;
    }
    parts.at(-1)?.push(character);
    length += character.length;
  }
  return parts.map((part) => Buffer.concat(part));
}

/**
 * 3GPP TS 23.040, section 9.2.3.24.8: concatenated short messages, 16-bit reference number. With 8
 * bits, two of three dozen long messages to one phone would be joined wrongly every other time.
 */
function joiningHeader(reference: number, count: number, number: number): Uint8Array {
  return Uint8Array.of(0x06, 0x08, 0x04, reference >> 8, reference & 0xff, count, number);
}

/** Big-endian, as on every radio interface. */
function ucs2Of(character: string): Uint8Array {
  return Buffer.from(character, "utf16le").swap16();
}
