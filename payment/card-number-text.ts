/** Shortest and longest card number (ISO/IEC 7812-1). */
const DIGITS_MIN = 12;
const DIGITS_MAX = 19;
/** Characters that people, forms and attackers put between two digits: anything but letters. */
const BETWEEN_MAX = 3;

const MAY_HOLD = new RegExp(`(?:\\p{N}[^\\p{L}\\p{N}]{0,${BETWEEN_MAX}}){${DIGITS_MIN}}`, "u");
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const LEFT_OUT = "[digits left out]";

/** A digit of any script, and where it stands in its text. */
interface Digit {
  readonly value: number;
  readonly from: number;
  readonly to: number;
}

/**
 * A text for people without the card numbers in it, however they are written: in groups, with dots,
 * slashes or what cannot be seen between their digits, in the digits of another script. UUIDs stay.
 */
export function withoutCardNumbers(text: string): string {
  if (!MAY_HOLD.test(text)) return text;
  let shown = "";
  let from = 0;
  for (const { index, 0: uuid } of text.matchAll(UUID)) {
    shown += masked(text.slice(from, index)) + uuid;
    from = index + uuid.length;
  }
  return shown + masked(text.slice(from));
}

/** Digits in a text, of any script: how much of a card number it could hold. */
export function digitsIn(text: string): number {
  return [...text].filter((character) => digitOf(character) !== undefined).length;
}

function masked(text: string): string {
  let shown = "";
  let from = 0;
  for (const run of runsOf(text)) {
    const card = cardIn(run);
    if (card === undefined) continue;
    // With an expiry date or a code behind it the whole run goes.
    shown += text.slice(from, run[0]?.from) + LEFT_OUT;
    from = run.at(-1)?.to ?? from;
  }
  return shown + text.slice(from);
}

/** Digits that follow one another with no letter, and little else, in between. */
function runsOf(text: string): readonly (readonly Digit[])[] {
  const runs: Digit[][] = [];
  let index = 0;
  let between = BETWEEN_MAX + 1;
  for (const character of text) {
    const from = index;
    index += character.length;
    const value = digitOf(character);
    if (value === undefined) {
      between += /[\p{L}\p{N}]/u.test(character) ? BETWEEN_MAX + 1 : 1;
      continue;
    }
    if (between > BETWEEN_MAX) runs.push([]);
    runs.at(-1)?.push({ value, from, to: index });
    between = 0;
  }
  return runs.filter((run) => run.length >= DIGITS_MIN);
}

/**
 * The digits of a card number in a run: the run as a whole, or groups of it. Within one long number
 * no digits are looked for, because nearly every long number has some that would do.
 */
function cardIn(run: readonly Digit[]): string | undefined {
  const digits = run.map(({ value }) => value).join("");
  const isStart = (at: number) => at === 0 || run[at - 1]?.to !== run[at]?.from;
  for (let from = 0; from + DIGITS_MIN <= run.length; from += 1) {
    if (!isStart(from)) continue;
    const toMax = Math.min(run.length, from + DIGITS_MAX);
    for (let to = from + DIGITS_MIN; to <= toMax; to += 1) {
      const isEnd = to === run.length || isStart(to);
      const candidate = digits.slice(from, to);
      if (isEnd && hasLuhnCheckDigit(candidate)) return candidate;
    }
  }
  return undefined;
}

/** @returns undefined for what is no decimal digit in any script or style. */
function digitOf(character: string): number | undefined {
  const plain = character.normalize("NFKC");
  if (/^\d$/.test(plain)) return Number(plain);
  if (!/^\p{Nd}$/u.test(plain)) return undefined;
  // Digits of a script follow one another from its zero, and scripts' digits come in tens.
  const codePoint = plain.codePointAt(0) ?? 0;
  let zero = codePoint;
  while (/^\p{Nd}$/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return (codePoint - zero) % 10;
}

/** Whether the last digit is the Luhn check digit of the others (ISO/IEC 7812-1, annex B). */
export function hasLuhnCheckDigit(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits.charAt(digits.length - 1 - index));
    const doubled = index % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
