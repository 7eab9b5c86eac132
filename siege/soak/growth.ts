import { medianOf } from "../../bench/load/quantiles.ts";

/** One figure over time. */
export interface Series {
  /** "relay: used bytes" */
  readonly name: string;
  readonly points: readonly Point[];
  /** By how much it may rise from the end of the warm-up to the last point, above noise. */
  readonly riseMax: number;
}

export interface Point {
  readonly atMs: number;
  readonly value: number;
}

/** A series of which the first third, the warm-up, is left out. */
export interface Growth {
  readonly name: string;
  /** Median of what was looked at. */
  readonly median: number;
  /** By the line through all points, from the first that was looked at to the last. */
  readonly rise: number;
  readonly riseMax: number;
  readonly isGrowing: boolean;
}

/** What comes before is the warm-up. */
export const JUDGED_SHARE = 2 / 3;

/** Fewer points than this say nothing. */
const POINTS_MIN = 4;

/** @throws Error when there are too few points. */
export function growthOf({ name, points, riseMax }: Series): Growth {
  const judged = points.slice(Math.floor(points.length * (1 - JUDGED_SHARE)));
  const [first, last] = [judged[0], judged.at(-1)];
  if (judged.length < POINTS_MIN || first === undefined || last === undefined) {
    throw new Error(`${name}: a verdict needs ${POINTS_MIN} points, got ${judged.length}`);
  }
  const rise = theilSenSlope(judged) * (last.atMs - first.atMs);
  const median = medianOf(judged.map(({ value }) => value));
  return { name, median, rise, riseMax, isGrowing: rise > riseMax };
}

/**
 * Median of the slopes between all pairs of points, per millisecond: up to 29 % of the points may
 * be anywhere without moving it (Theil 1950, Sen 1968).
 */
export function theilSenSlope(points: readonly Point[]): number {
  const slopes = points.flatMap((left, index) =>
    points
      .slice(index + 1)
      .filter(({ atMs }) => atMs !== left.atMs)
      .map((right) => (right.value - left.value) / (right.atMs - left.atMs)),
  );
  return middleOf(slopes);
}

/** The mean of the two in the middle, where there are two. */
function middleOf(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const half = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]];
  if (low === undefined || high === undefined) return 0;
  return (low + high) / 2;
}
