import { afterAll, expect, test } from "vitest";
import { TestKeys } from "../test/fixtures/keys.ts";
import { type ChaosReport, figuresOf, reportLine, reportText } from "./chaos-report.ts";
import { soundEvidence } from "./checks/testing/sound-evidence.ts";

const keys = new TestKeys({ nowMs: Date.UTC(2026, 5, 1) });
afterAll(() => keys[Symbol.dispose]());

function report(violations: readonly string[]): ChaosReport {
  const { history } = soundEvidence(keys);
  return {
    seed: "7",
    isTls: true,
    durationMs: 60_000,
    ...figuresOf(history),
    faults: { "clock wrong": 2 },
    finalAfterHealingMs: 1_500,
    eventsHeard: 3,
    watchesResumed: 1,
    leftOut: [],
    invariants: [{ invariant: "every record is final", violations }],
  };
}

test("a person reads kinds, outcomes, faults, times and what does not hold", () => {
  expect(reportText(report(["record A1 is FORWARDED"]))).toEqual([
    "seed 7, 60.0 s, TLS",
    "payments tried: 1",
    "       1  SALE",
    "told first:",
    "       1  APPROVED",
    "response codes: 00 1",
    "unknown, then resolved: 0",
    "submitted again by another relay: 0",
    "faults survived:",
    "       2  clock wrong",
    "events heard by a watcher: 3, resumed 1 times",
    "longest time to final: 3.0 s",
    "last one final after everything was healed: 1.5 s",
    "invariants checked: 1",
    "  ✗ 1 every record is final",
    "violations: 1",
    "  every record is final: record A1 is FORWARDED",
  ]);
});

test("a program reads one line of JSON", () => {
  const line = reportLine(report([]));
  expect(line).not.toContain("\n");
  expect(JSON.parse(line)).toMatchObject({
    seed: "7",
    kinds: { SALE: 1 },
    responseCodes: { "00": 1 },
    longestToFinalMs: 3_000,
    violations: 0,
    invariants: [{ invariant: "every record is final", violations: [] }],
  });
});
