import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** A secret to look for. */
export interface Canary {
  /** "card number" */
  readonly name: string;
  /** Digits, or track 2 with its separator. */
  readonly text: string;
}

interface CanaryHit {
  readonly file: string;
  readonly canary: string;
  readonly encoding: string;
}

/**
 * Every way in which a secret of digits can stand in a file without being recognised at a glance.
 * Base64 is looked for at each of the three places a secret can begin in a group of four.
 */
function encodingsOf({ text }: Canary): readonly (readonly [string, Buffer])[] {
  const ascii = Buffer.from(text, "latin1");
  const digits = text.replaceAll(/\D/g, "");
  const bcd = Buffer.from(digits.slice(0, digits.length - (digits.length % 2)), "hex");
  const shifted = Buffer.from(digits.slice(1, digits.length - ((digits.length + 1) % 2)), "hex");
  const hex = ascii.toString("hex");
  return [
    ["ASCII", ascii],
    ["UTF-16 little-endian", Buffer.from(text, "utf16le")],
    ["UTF-16 big-endian", Buffer.from(text, "utf16le").swap16()],
    ["BCD", bcd],
    ["BCD from the second digit", shifted],
    ["BCD with swapped nibbles", Buffer.from(bcd.map((byte) => (byte << 4) | (byte >> 4)))],
    ["hex of ASCII", Buffer.from(hex)],
    ["upper-case hex of ASCII", Buffer.from(hex.toUpperCase())],
    ["reversed", Buffer.from([...text].reverse().join(""))],
    ["in groups of four", Buffer.from(text.replaceAll(/(.{4})(?=.)/g, "$1 "))],
    ...[0, 1, 2].flatMap((offset) => base64At(ascii, offset)),
  ];
}

/** The characters of base64 and base64url that do not depend on what stands around the secret. */
function base64At(secret: Buffer, offset: number): readonly (readonly [string, Buffer])[] {
  const padded = Buffer.concat([Buffer.alloc(offset), secret]);
  const whole = padded.subarray(0, padded.length - (padded.length % 3)).toString("base64");
  const sure = whole.slice(offset === 0 ? 0 : 4);
  const url = sure.replaceAll("+", "-").replaceAll("/", "_");
  return [
    [`base64 at ${offset}`, Buffer.from(sure)],
    [`base64url at ${offset}`, Buffer.from(url)],
  ];
}

/** Where any of the canaries stands in `content`, in any encoding. */
export function findCanaries(
  file: string,
  content: Buffer,
  canaries: readonly Canary[],
): readonly CanaryHit[] {
  return canaries.flatMap((canary) =>
    encodingsOf(canary)
      .filter(([, bytes]) => content.includes(bytes))
      .map(([encoding]) => ({ file, canary: canary.name, encoding })),
  );
}

/** Every file below `directory`, whole. */
export function searchFiles(
  directory: string,
  canaries: readonly Canary[],
): { readonly filesSearched: number; readonly hits: readonly CanaryHit[] } {
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(directory, name)).isFile(),
  );
  const hits = files.flatMap((name) =>
    findCanaries(name, readFileSync(join(directory, name)), canaries),
  );
  return { filesSearched: files.length, hits };
}
