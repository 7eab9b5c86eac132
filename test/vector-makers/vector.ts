import { PaymentError } from "../../payment/errors.ts";
import { nodeCurves } from "../../sealing/curves/node-curves.ts";
import type { Random } from "../../sealing/random.ts";

/** One input and what must come of it, in words that any language can read. */
export interface Vector {
  readonly name: string;
  /** Why it is accepted or refused. */
  readonly why: string;
  /** Bytes as lower-case hex, times in Unix milliseconds as decimal text, names as they are. */
  readonly given: Given;
  /** "accepted", or the code that it is refused with. */
  readonly expect: string;
  /** What an accepted one yields. */
  readonly gives?: Given;
}

export type Given = Readonly<Record<string, string | readonly string[]>>;

/** The vectors of one question, and how our own code answers it. */
export interface VectorFile {
  /** "boxes" → test/vectors/boxes.json */
  readonly name: string;
  /** What is asked, for whoever writes the code that answers. */
  readonly about: string;
  readonly vectors: readonly Vector[];
  /** @throws PaymentError when `given` is refused. */
  readonly judge: (given: Given) => Given;
}

/** What our own code makes of an input. */
export function verdictOf({ judge }: Pick<VectorFile, "judge">, given: Given): Verdict {
  try {
    return { expect: "accepted", gives: judge(given) };
  } catch (error) {
    if (error instanceof PaymentError) return { expect: error.code };
    throw error;
  }
}

export interface Verdict {
  readonly expect: string;
  readonly gives?: Given;
}

/** @throws Error when the field is missing or a list: that is a mistake in a vector. */
export function text(given: Given, field: string): string {
  const value = given[field];
  if (typeof value !== "string") throw new Error(`bug: a vector without ${field}`);
  return value;
}

export function bytes(given: Given, field: string): Uint8Array {
  return bytesOf(text(given, field));
}

export function bytesOf(hexText: string): Uint8Array {
  return new Uint8Array(Buffer.from(hexText, "hex"));
}

export function hex(some: Uint8Array): string {
  return Buffer.from(some).toString("hex");
}

/** `length` times the same byte, so that it can be typed in any language. */
export function repeated(byte: number, length = 32): Uint8Array {
  return new Uint8Array(length).fill(byte);
}

export function fixed(byte: number): Random {
  return { bytes: (length) => repeated(byte, length) };
}

/** One bit changed, counted from the end when negative. */
export function flipped(some: Uint8Array, at: number): Uint8Array {
  const changed = some.slice();
  const index = at < 0 ? some.length + at : at;
  changed[index] = (changed[index] ?? 0) ^ 1;
  return changed;
}

/** The keys of all vectors, each from one repeated byte; docs/conformance.md lists them. */
export const KEYS = {
  readerSigning: nodeCurves.signer(repeated(0x01)),
  card: { secretKey: repeated(0x02), ...nodeCurves.agreement(repeated(0x02)) },
  pin: { secretKey: repeated(0x03), ...nodeCurves.agreement(repeated(0x03)) },
  result: nodeCurves.signer(repeated(0x04)),
  relayHop: repeated(0x05),
  processorHop: repeated(0x06),
  stranger: repeated(0x07),
} as const;

export { nodeCurves as curves };
