import type { History, TriedPayment } from "./history.ts";

/** One invariant, and every place where it does not hold. */
export interface CheckedInvariant {
  readonly invariant: string;
  readonly violations: readonly string[];
}

export interface ChaosReport {
  readonly seed: string;
  readonly durationMs: number;
  readonly tried: number;
  /** By what the client was told first: "APPROVED", "NOT TAKEN" … */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly unknownThenResolved: number;
  /** By kind, those that were healed. */
  readonly faults: Readonly<Record<string, number>>;
  /** From the payment's start until its client knew the end. */
  readonly longestToFinalMs: number;
  /** From the moment when everything was healed until the last client knew. */
  readonly finalAfterHealingMs: number;
  readonly invariants: readonly CheckedInvariant[];
}

export function violationsOf({ invariants }: ChaosReport): readonly string[] {
  return invariants.flatMap(({ invariant, violations }) =>
    violations.map((violation) => `${invariant}: ${violation}`),
  );
}

/** The figures of a history. */
export function figuresOf(history: History) {
  const { payments } = history;
  const outcomes: Record<string, number> = {};
  for (const { told } of payments) {
    const [first] = told;
    const outcome = first?.outcome ?? "never told";
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return {
    tried: payments.length,
    outcomes,
    unknownThenResolved: payments.filter(({ wasUnknown, told }) => wasUnknown && told.length > 0)
      .length,
    longestToFinalMs: Math.max(0, ...payments.map(msToFinal)),
  };
}

function msToFinal({ startedAtMs, told }: TriedPayment): number {
  const [first] = told;
  return first === undefined ? 0 : first.atMs - startedAtMs;
}

/** For a person. */
export function reportText(report: ChaosReport): readonly string[] {
  const violations = violationsOf(report);
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  const counts = (byName: Readonly<Record<string, number>>) =>
    Object.entries(byName).map(([name, count]) => `  ${String(count).padStart(6)}  ${name}`);
  return [
    `seed ${report.seed}, ${seconds(report.durationMs)}`,
    `payments tried: ${report.tried}`,
    ...counts(report.outcomes),
    `unknown, then resolved: ${report.unknownThenResolved}`,
    "faults survived:",
    ...counts(report.faults),
    `longest time to final: ${seconds(report.longestToFinalMs)}`,
    `last one final after everything was healed: ${seconds(report.finalAfterHealingMs)}`,
    `invariants checked: ${report.invariants.length}`,
    ...report.invariants.map(({ invariant, violations: found }) => {
      return `  ${found.length === 0 ? "✓" : "✗"} ${invariant}`;
    }),
    `violations: ${violations.length}`,
    ...violations.slice(0, VIOLATIONS_SHOWN_MAX).map((violation) => `  ${violation}`),
  ];
}

const VIOLATIONS_SHOWN_MAX = 50;
