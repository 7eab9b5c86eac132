import type { Dice } from "../../chaos/dice.ts";

/** How often something is chosen, against the others of its list, and what it is. */
export type Weighted<T> = readonly [weight: number, choice: T];

export function pickWeighted<T>(dice: Dice, choices: readonly Weighted<T>[]): T {
  const sum = choices.reduce((total, [weight]) => total + weight, 0);
  let rest = dice.fraction() * sum;
  for (const [weight, choice] of choices) {
    rest -= weight;
    if (rest < 0) return choice;
  }
  throw new Error("bug: there is nothing to pick from");
}

/** Up to 64 bytes differ from each other; longer ones repeat them. */
export function garbage(dice: Dice, length: number): Buffer {
  const bytes = Buffer.from(Array.from({ length: Math.min(length, 64) }, () => byte(dice)));
  return bytes.byteLength === length ? bytes : Buffer.alloc(length, bytes);
}

export function byte(dice: Dice): number {
  return dice.between(0, 255);
}

/** Lengths at which something changes, more often than the others. */
export function length(dice: Dice): number {
  return pickWeighted<() => number>(dice, [
    [5, () => dice.between(0, 12)],
    [3, () => dice.between(13, 300)],
    [1, () => dice.pick([16_383, 16_384, 16_385, 65_535, 65_536, 65_537])],
    [1, () => dice.between(301, 20_000)],
  ])();
}
