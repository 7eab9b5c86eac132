import type { Random } from "../sealing/random.ts";
import { seededRandom } from "../sealing/testing/seeded-random.ts";

/** Seeded decisions. Each part of a run has dice of its own, so that none disturbs another's. */
export class Dice {
  readonly #random: Random;

  constructor(seed: string) {
    this.#random = seededRandom(seed);
  }

  /** From 0 up to 1. */
  fraction(): number {
    return Buffer.from(this.#random.bytes(4)).readUInt32BE() / 2 ** 32;
  }

  /** A whole number from `min` to `max`. */
  between(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  happens(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    const chosen = choices[Math.floor(this.fraction() * choices.length)];
    if (chosen === undefined) throw new Error("bug: there is nothing to pick from");
    return chosen;
  }
}
