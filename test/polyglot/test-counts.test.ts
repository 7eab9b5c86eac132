import { expect, test } from "vitest";
import { countsInWords, countsOfGo, countsOfJunit, inWords, NO_TESTS } from "./test-counts.ts";

test.each([
  ["12 passed, 0 failed", { passed: 12, failed: 0, skipped: 0 }],
  ["noise\n3 passed, 1 failed, 2 skipped\n", { passed: 3, failed: 1, skipped: 2 }],
  ["a crash", NO_TESTS],
  ["", NO_TESTS],
])("the last line of npm test: %j", (output, counts) => {
  expect(countsInWords(output)).toEqual(counts);
});

test("events of go test: tests, not packages", () => {
  const events = [
    { Action: "run", Test: "TestA" },
    { Action: "output", Test: "TestA", Output: '"Action":"pass"' },
    { Action: "pass", Test: "TestA" },
    { Action: "pass", Test: "TestA/one" },
    { Action: "skip", Test: "TestB" },
    { Action: "fail", Test: "TestC" },
    { Action: "fail" },
  ];
  const output = events.map((event) => JSON.stringify(event)).join("\n");
  expect(countsOfGo(output)).toEqual({ passed: 2, failed: 1, skipped: 1 });
});

test("reports in XML: errors are failures, and all suites count", () => {
  const reports = [
    '<testsuites name="x"><testsuite name="a" errors="1" failures="1" skipped="2" tests="9">',
    '<testsuite name="b" time="1" tests="3" errors="0" skipped="0" failures="0">',
  ];
  expect(countsOfJunit(reports)).toEqual({ passed: 8, failed: 2, skipped: 2 });
});

test("in words, skipped ones only when there are some", () => {
  expect(inWords({ passed: 1, failed: 2, skipped: 0 })).toBe("1 passed, 2 failed");
  expect(inWords({ passed: 1, failed: 2, skipped: 3 })).toBe("1 passed, 2 failed, 3 skipped");
});
