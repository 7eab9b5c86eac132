import type { History, TriedPayment } from "./history.ts";

/** One invariant, and every place where it does not hold. */
export interface CheckedInvariant {
  readonly invariant: string;
  readonly violations: readonly string[];
}

type Counts = Readonly<Record<string, number>>;

export interface ChaosReport {
  readonly seed: string;
  readonly isTls: boolean;
  readonly durationMs: number;
  readonly tried: number;
  /** By kind: "SALE", "REFUND" … */
  readonly kinds: Counts;
  /** By what the client was told first: "APPROVED", "NOT TAKEN" … */
  readonly outcomes: Counts;
  /** By DE 39: "00", "10" for a part, "55" for a wrong PIN … */
  readonly responseCodes: Counts;
  readonly unknownThenResolved: number;
  /** Submitted again, by a relay with another id. */
  readonly sentElsewhere: number;
  /** By kind, those that were healed. */
  readonly faults: Counts;
  /** From the payment's start until its client knew the end. */
  readonly longestToFinalMs: number;
  /** From the moment when everything was healed until the last client knew. */
  readonly finalAfterHealingMs: number;
  /** Events that the watcher heard, and how often it had to go on elsewhere. */
  readonly eventsHeard: number;
  readonly watchesResumed: number;
  /** What could not be done on this machine; empty when everything was. */
  readonly leftOut: readonly string[];
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
  return {
    tried: payments.length,
    kinds: countedBy(payments, ({ plan }) => plan.kind),
    outcomes: countedBy(payments, ({ told: [first] }) => first?.outcome ?? "never told"),
    responseCodes: countedBy(payments, ({ told: [first] }) => first?.responseCode || "none"),
    unknownThenResolved: payments.filter(({ wasUnknown, told }) => wasUnknown && told.length > 0)
      .length,
    sentElsewhere: payments.filter(({ wasSentElsewhere }) => wasSentElsewhere).length,
    longestToFinalMs: Math.max(0, ...payments.map(msToFinal)),
  };
}

function countedBy(
  payments: readonly TriedPayment[],
  keyOf: (payment: TriedPayment) => string,
): Counts {
  const groups = [...Map.groupBy(payments, keyOf)].sort(([left], [right]) =>
    left < right ? -1 : 1,
  );
  return Object.fromEntries(groups.map(([key, { length }]) => [key, length]));
}

function msToFinal({ startedAtMs, told }: TriedPayment): number {
  const [first] = told;
  return first === undefined ? 0 : first.atMs - startedAtMs;
}

/** For a program: one line. */
export function reportLine(report: ChaosReport): string {
  return JSON.stringify({ ...report, violations: violationsOf(report).length });
}

/** For a person. */
export function reportText(report: ChaosReport): readonly string[] {
  const violations = violationsOf(report);
  return [
    `seed ${report.seed}, ${seconds(report.durationMs)}, ${report.isTls ? "TLS" : "plaintext"}`,
    `payments tried: ${report.tried}`,
    ...counted(report.kinds),
    "told first:",
    ...counted(report.outcomes),
    `response codes: ${inOneLine(report.responseCodes)}`,
    `unknown, then resolved: ${report.unknownThenResolved}`,
    `submitted again by another relay: ${report.sentElsewhere}`,
    "faults survived:",
    ...counted(report.faults),
    ...report.leftOut.map((what) => `left out: ${what}`),
    `events heard by a watcher: ${report.eventsHeard}, resumed ${report.watchesResumed} times`,
    `longest time to final: ${seconds(report.longestToFinalMs)}`,
    `last one final after everything was healed: ${seconds(report.finalAfterHealingMs)}`,
    `invariants checked: ${report.invariants.length}`,
    ...report.invariants.map(({ invariant, violations: found }) => {
      return `  ${found.length === 0 ? "✓" : `✗ ${found.length}`} ${invariant}`;
    }),
    `violations: ${violations.length}`,
    ...violations.slice(0, VIOLATIONS_SHOWN_MAX).map((violation) => `  ${violation}`),
  ];
}

/** What a run saw that somebody ended before anything could be checked. */
export function seenText(seen: {
  readonly history: History;
  readonly faults: Counts;
  readonly ownDeaths: readonly string[];
}): readonly string[] {
  const { tried, outcomes } = figuresOf(seen.history);
  return [
    `payments tried: ${tried}`,
    `told first: ${inOneLine(outcomes) || "nothing"}`,
    `faults survived: ${inOneLine(seen.faults) || "none"}`,
    `programs that ended by themselves: ${seen.ownDeaths.length}`,
    ...seen.ownDeaths,
  ];
}

const VIOLATIONS_SHOWN_MAX = 50;

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function counted(counts: Counts): readonly string[] {
  return Object.entries(counts).map(([name, count]) => `  ${String(count).padStart(6)}  ${name}`);
}

function inOneLine(counts: Counts): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}
