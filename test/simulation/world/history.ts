import { createHash } from "node:crypto";

/** What happened, in order. Two runs of one seed have the same hash. */
export class History {
  readonly #hash = createHash("sha256");
  readonly #lines: string[] = [];
  readonly #elapsedMs: () => number;
  #count = 0;

  constructor(elapsedMs: () => number) {
    this.#elapsedMs = elapsedMs;
  }

  /** @param who a program, or the world. */
  add(who: string, what: string): void {
    const line = `${this.#elapsedMs().toFixed(2).padStart(10)} ${who.padEnd(4)} ${what}`;
    this.#hash.update(`${line}\n`);
    this.#lines.push(line);
    this.#count += 1;
  }

  get count(): number {
    return this.#count;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** 16 hexadecimal digits. */
  digest(): string {
    return this.#hash.copy().digest("hex").slice(0, 16);
  }
}
