// Runs the tests: npm test [-- arguments of vitest]. The last line says how many passed.

import { parseCLI, startVitest, type TestModule } from "vitest/node";

const { filter, options } = parseCLI(["vitest", "run", ...process.argv.slice(2)]);
const vitest = await startVitest("test", filter, { ...options, watch: false, run: true });
const modules = vitest.state.getTestModules();
const errorsOutsideTests = vitest.state.getUnhandledErrors().length;
await vitest.close();

const states = modules.flatMap(statesOfTests);
const passed = count(states, "passed");
const failed = count(states, "failed") + modules.filter(isBroken).length + errorsOutsideTests;
const skipped = count(states, "skipped");
const ending = skipped === 0 ? "" : `, ${skipped} skipped`;
console.log(`${passed} passed, ${failed} failed${ending}`);
// Vitest leaves timers of ten seconds behind, which nobody needs to wait for.
process.exit();

function statesOfTests(module: TestModule): string[] {
  return [...module.children.allTests()].map((test) => test.result().state);
}

/** Such a file failed as a whole, so that none of its tests did. */
function isBroken(module: TestModule): boolean {
  return module.state() === "failed" && !statesOfTests(module).includes("failed");
}

function count(states: readonly string[], wanted: "passed" | "failed" | "skipped"): number {
  return states.filter((state) => state === wanted).length;
}
