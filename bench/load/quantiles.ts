import type { Quantiles } from "./load-messages.ts";

/** Nearest-rank quantiles; of nothing they are infinite. */
export function quantilesOf(values: readonly number[]): Quantiles {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) =>
    sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.POSITIVE_INFINITY;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: at(1) };
}

/** The middle one; of an even number the lower of the two in the middle. */
export function medianOf(values: readonly number[]): number {
  return quantilesOf(values).p50;
}
