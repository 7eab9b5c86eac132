import { quantilesOf } from "../../bench/load/quantiles.ts";

/** What an attack may cost the program that suffers it. Each bound stands for itself. */
export const BOUNDS = {
  /**
   * Resident memory at the worst moment of the attack, above the worst of the calm: payments alone
   * take some 60 MiB until V8 collects, and that is nothing of the attacker's.
   */
  addedBytes: 64 * 2 ** 20,
  /** Objects and buffers after a forced collection, once the attacker has gone. */
  keptBytes: 4 * 2 ** 20,
  /** Descriptors after the attacker has gone: the mesh's own connections come and go. */
  descriptors: 5,
  /** Payments meanwhile against payments before, in the same minute: 99th percentile. */
  p99Ratio: 2,
} as const;

/** What was measured of one attack on one program. */
export interface Measured {
  readonly attack: string;
  readonly victim: string;
  readonly before: VictimFigures;
  readonly after: VictimFigures;
  /** The most that was resident while payments went on alone, and under attack. */
  readonly calmPeakBytes: number;
  readonly peakBytes: number;
  /** Milliseconds of every payment: without the attack and under it, in turns. */
  readonly calmMs: readonly number[];
  readonly attackedMs: readonly number[];
  readonly failures: readonly string[];
  /** Connections of the attacker that stood when it left, at most. */
  readonly held: number;
  /** The program that runs now is not the one that was attacked. */
  readonly death: string | undefined;
  /** What the attacker got of others' shares, or others did not get, in words. */
  readonly unfair: readonly string[];
  /** What it asked for and what it got, for people; empty where nothing was asked for. */
  readonly told: string;
}

export interface VictimFigures {
  readonly residentBytes: number;
  /** After a forced collection. */
  readonly usedBytes: number;
  readonly descriptors: number;
}

/** p99 under attack by p99 without; infinite where a payment got no answer. */
export function p99Ratio({ calmMs, attackedMs }: Measured): number {
  return quantilesOf(attackedMs).p99 / quantilesOf(calmMs).p99;
}

/** @returns each bound that is broken, in words; nothing when all hold. */
export function brokenBounds(measured: Measured): readonly string[] {
  const { before, after, calmPeakBytes, peakBytes, death, failures } = measured;
  const broken: string[] = [...measured.unfair];
  if (death !== undefined) return [death];
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const added = peakBytes - calmPeakBytes;
  if (added > BOUNDS.addedBytes) {
    broken.push(`peak +${mib(added)}, bound ${mib(BOUNDS.addedBytes)}`);
  }
  const kept = after.usedBytes - before.usedBytes;
  if (kept > BOUNDS.keptBytes) broken.push(`kept ${mib(kept)}, bound ${mib(BOUNDS.keptBytes)}`);
  const open = after.descriptors - before.descriptors;
  if (open > BOUNDS.descriptors) {
    broken.push(`${open} descriptors left, bound ${BOUNDS.descriptors}`);
  }
  const ratio = p99Ratio(measured);
  if (!(ratio <= BOUNDS.p99Ratio)) {
    broken.push(`p99 ×${ratio.toFixed(2)}, bound ×${BOUNDS.p99Ratio}`);
  }
  if (failures.length > 0) broken.push(`${failures.length} payments failed: ${failures[0]}`);
  return broken;
}
