import type { Dice } from "../../chaos/dice.ts";
import { pickWeighted } from "./chance.ts";

const CUTS_MAX = 6;
const SINGLE_BYTES_MAX = 200;

/** The same bytes in other pieces: all at once, as they are, or cut anywhere. */
export function inSegments(dice: Dice, pieces: readonly Buffer[]): Buffer[] {
  const all = Buffer.concat(pieces);
  const some = pickWeighted<() => readonly Buffer[]>(dice, [
    [5, () => [all]],
    [3, () => pieces],
    [3, () => cutAt(all, cuts(dice, all.byteLength))],
    [
      1,
      () =>
        cutAt(
          all,
          Array.from({ length: SINGLE_BYTES_MAX }, (_, index) => index + 1),
        ),
    ],
  ])();
  return some.filter((piece) => piece.byteLength > 0);
}

function cuts(dice: Dice, length: number): number[] {
  const places = Array.from({ length: dice.between(1, CUTS_MAX) }, () => dice.between(0, length));
  return places.toSorted((left, right) => left - right);
}

/** @param places in order. */
function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  return [0, ...places].map((start, index) => bytes.subarray(start, places[index]));
}
