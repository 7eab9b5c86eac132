/**
 * The 7-bit default alphabet of SMS (3GPP TS 23.038, section 6.2.1), by code. `\x1b` leads to the
 * extension table, whose characters take two codes.
 */
const BASIC =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
  "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

const ESCAPE = 0x1b;

/** Section 6.2.1.1. */
const EXTENSION: Readonly<Record<string, number>> = {
  "\f": 0x0a,
  "^": 0x14,
  "{": 0x28,
  "}": 0x29,
  "\\": 0x2f,
  "[": 0x3c,
  "~": 0x3d,
  "]": 0x3e,
  "|": 0x40,
  "€": 0x65,
};

const CODES = new Map<string, readonly number[]>([
  ...[...BASIC].map((character, code): [string, number[]] => [character, [code]]),
  ...Object.entries(EXTENSION).map(([one, code]): [string, number[]] => [one, [ESCAPE, code]]),
]);
CODES.delete("\x1b");

const EXTENSION_BY_CODE = new Map(Object.entries(EXTENSION).map(([one, code]) => [code, one]));

/** Codes of each character, one to a byte; undefined when one is not in the alphabet. */
export function gsmCodes(text: string): readonly (readonly number[])[] | undefined {
  const codes = [...text].map((character) => CODES.get(character));
  return codes.every((one) => one !== undefined) ? codes : undefined;
}

/** The other way; what no table has becomes a question mark. */
export function gsmText(codes: Uint8Array): string {
  let text = "";
  let isExtension = false;
  for (const code of codes) {
    if (code === ESCAPE && !isExtension) {
      isExtension = true;
      continue;
    }
    text += (isExtension ? EXTENSION_BY_CODE.get(code) : BASIC[code]) ?? "?";
    isExtension = false;
  }
  return text;
}
