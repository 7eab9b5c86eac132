import { addressKey } from "../registry/contact.ts";

/**
 * Who may be written to while a relay is tried out: "*@shop.example", "+1202555*", whole addresses.
 * `*` stands for anything.
 */
export class AllowList {
  readonly #patterns: readonly RegExp[];

  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map(patternOf);
  }

  allows(address: string): boolean {
    return this.#patterns.some((pattern) => pattern.test(addressKey(address)));
  }
}

export const EVERYBODY: Pick<AllowList, "allows"> = { allows: () => true };

function patternOf(text: string): RegExp {
  const parts = addressKey(text.trim())
    .split("*")
    .map((part) => part.replaceAll(/[^a-z0-9]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}
