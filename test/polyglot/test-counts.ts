/** How many tests of a run passed, failed and were skipped. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const NO_TESTS: TestCounts = { passed: 0, failed: 0, skipped: 0 };

export function sumOf(all: readonly TestCounts[]): TestCounts {
  return all.reduce(
    (sum, one) => ({
      passed: sum.passed + one.passed,
      failed: sum.failed + one.failed,
      skipped: sum.skipped + one.skipped,
    }),
    NO_TESTS,
  );
}

/** `12 passed, 1 failed, 2 skipped`; nothing about skipped ones when there are none. */
export function inWords({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}

/** From the last line of `npm test`. */
export function countsInWords(output: string): TestCounts {
  const line = output.trimEnd().split("\n").at(-1) ?? "";
  const found = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(line);
  if (found === null) return NO_TESTS;
  const [, passed, failed, skipped = "0"] = found;
  return { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) };
}

/** From the events of `go test -json`; packages that do not build are in its exit code alone. */
export function countsOfGo(output: string): TestCounts {
  const events = output.split("\n").filter((line) => /"Action":"(pass|fail|skip)"/.test(line));
  const ended = events.map((line): { Action: string; Test?: string } => JSON.parse(line));
  const count = (action: string) =>
    ended.filter(({ Action, Test }) => Action === action && Test !== undefined).length;
  return { passed: count("pass"), failed: count("fail"), skipped: count("skip") };
}

/** From reports in JUnit's XML, which pytest and Maven write. */
export function countsOfJunit(reports: readonly string[]): TestCounts {
  const suites = reports.flatMap((xml) => xml.match(/<testsuite\s[^>]*>/g) ?? []);
  return sumOf(
    suites.map((suite) => {
      const count = (name: string) => Number(new RegExp(`\\s${name}="(\\d+)"`).exec(suite)?.[1]);
      const [failed, skipped] = [count("failures") + count("errors"), count("skipped")];
      return { passed: count("tests") - failed - skipped, failed, skipped };
    }),
  );
}
