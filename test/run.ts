// Runs the tests: npm test [-- arguments of vitest]. The last line says how many passed.

import { relative } from "node:path";
import { parseCLI, startVitest, type TestModule } from "vitest/node";
import { endProcess, whenReaderIsGone } from "../mesh/end-process.ts";
import { LongestFirst } from "./setup/longest-first.ts";

interface Failure {
  readonly file: string;
  readonly test: string;
  /** The first line of what was wrong. */
  readonly why: string;
}

interface Outcome {
  /** File and test of each. */
  readonly passed: readonly string[];
  readonly skipped: number;
  readonly failures: readonly Failure[];
}

/** In place of a test's name: the file failed as a whole. */
const WHOLE_FILE = "the file itself";
/** In place of a test's name: an error that no test waited for. */
const OUTSIDE_TESTS = "outside its tests";

whenReaderIsGone();
const { filter, options } = parseCLI(["vitest", "run", ...process.argv.slice(2)]);
const first = await runFiles(filter, {});
// Tests can fail because of what ran beside them, or before them in their process. Whoever fails
// gets one more run, alone, each file in a process of its own; a test that passes only then counts
// as passed, and is named as unsteady.
const filesOnceMore = [...new Set(first.failures.map(({ file }) => file))].filter(Boolean);
const second = filesOnceMore.length === 0 ? [] : await passedAlone(filesOnceMore);

const lasting = first.failures.filter(({ file, test }) => !second.includes(nameOf(file, test)));
const unsteady = first.failures.filter((failure) => !lasting.includes(failure));
tell("unsteady, passed when run alone", unsteady);
tell("failed", lasting);
const passed = first.passed.length + unsteady.length;
const ending = first.skipped === 0 ? "" : `, ${first.skipped} skipped`;
console.log(`${passed} passed, ${lasting.length} failed${ending}`);
// Vitest leaves timers of ten seconds behind, which nobody needs to wait for.
await endProcess(lasting.length === 0 && passed + first.skipped > 0 ? 0 : 1);

async function passedAlone(files: string[]): Promise<readonly string[]> {
  const { passed, failures } = await runFiles(files, { maxWorkers: 1, isolate: true });
  const broken = new Set(failures.map(({ file }) => file));
  const whole = files
    .filter((file) => !broken.has(file))
    .flatMap((file) => [nameOf(file, WHOLE_FILE), nameOf(file, OUTSIDE_TESTS)]);
  return [...passed, ...whole];
}

async function runFiles(
  files: string[],
  changes: { maxWorkers?: number; isolate?: boolean },
): Promise<Outcome> {
  const sequence = { sequencer: LongestFirst };
  const settings = { ...options, ...changes, sequence, watch: false };
  const vitest = await startVitest("test", files, settings);
  const modules = vitest.state.getTestModules();
  const outside = vitest.state.getUnhandledErrors();
  await vitest.close();
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const inState = (state: string) => tests.filter((test) => test.result().state === state);
  return {
    passed: inState("passed").map((test) => nameOf(fileOf(test.module), test.fullName)),
    skipped: inState("skipped").length,
    failures: [...modules.flatMap(failuresOf), ...outside.map(failureOutside)],
  };
}

function failuresOf(module: TestModule): Failure[] {
  const file = fileOf(module);
  const tests = [...module.children.allTests()].filter((test) => test.result().state === "failed");
  // Such a file failed as a whole, so that none of its tests did.
  if (tests.length === 0 && module.state() === "failed") {
    return [{ file, test: WHOLE_FILE, why: firstLine(module.errors()[0]) }];
  }
  return tests.map((test) => ({
    file,
    test: test.fullName,
    why: firstLine(test.result().errors?.[0]),
  }));
}

/** Vitest says beside the error which file was running. */
function failureOutside(error: unknown): Failure {
  const { VITEST_TEST_PATH: path = "" } = error as { VITEST_TEST_PATH?: string };
  const file = path === "" ? "" : relative(process.cwd(), path);
  return { file, test: OUTSIDE_TESTS, why: firstLine(error) };
}

function fileOf(module: TestModule): string {
  return relative(process.cwd(), module.moduleId);
}

function nameOf(file: string, test: string): string {
  return `${file} > ${test}`;
}

function tell(title: string, failures: readonly Failure[]): void {
  for (const { file, test, why } of failures)
    console.log(`${title}: ${nameOf(file, test)}: ${why}`);
}

function firstLine(error: unknown): string {
  const message =
    typeof error === "object" && error !== null && "message" in error ? error.message : error;
  return String(message).split("\n", 1)[0] ?? "";
}
