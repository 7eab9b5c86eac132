// Simulated runs of the whole mesh: npm run simulate -- --seeds 300 --from 1 [--verbose]

import { commandOptions, runTool, wholeNumber } from "../../bench/command-options.ts";
import { systemClock } from "../../mesh/clock.ts";
import { whenReaderIsGone } from "../../mesh/end-process.ts";
import { registerMesh } from "./registered-mesh.ts";
import { type Run, simulate } from "./simulate.ts";

const SEEDS = { min: 0, max: 999_999_999 } as const;
/**
 * Runs on one database. What it keeps in memory grows with each; after a thousand, statements fail,
 * and payments stay open that are not the programs' fault.
 */
const RUNS_PER_DATABASE = 250;

/** What all runs come to. */
class Sum {
  done = 0;
  failed = 0;
  #payments = 0;
  #simulatedMs = 0;
  readonly #states: Record<string, number> = {};

  add({ payments, simulatedMs, states, violations }: Run): void {
    this.done += 1;
    if (violations.length > 0) this.failed += 1;
    this.#payments += payments;
    this.#simulatedMs += simulatedMs;
    for (const [state, times] of Object.entries(states)) {
      this.#states[state] = (this.#states[state] ?? 0) + times;
    }
  }

  words(): string {
    const all = Object.entries(this.#states).map(([state, times]) => `${times} ${state}`);
    const minutes = Math.round(this.#simulatedMs / 60_000);
    return (
      `${this.#payments} payments (${all.join(", ")}), ${minutes} simulated minutes, ` +
      `${this.failed} seeds failed`
    );
  }
}

whenReaderIsGone();
await runTool(simulateAll);

async function simulateAll(): Promise<number> {
  const values = commandOptions(process.argv.slice(2), {
    seeds: { type: "string", default: "300" },
    from: { type: "string", default: "1" },
    verbose: { type: "boolean", default: false },
    "stop-at-first": { type: "boolean", default: false },
  });
  const from = wholeNumber("from", values.from, SEEDS);
  const count = wholeNumber("seeds", values.seeds, SEEDS);
  const startedMs = systemClock.monotonicMs();
  const sum = new Sum();
  const isOver = () => values["stop-at-first"] && sum.failed > 0;
  for (let first = from; first < from + count && !isOver(); first += RUNS_PER_DATABASE) {
    await using basis = await registerMesh();
    const end = Math.min(first + RUNS_PER_DATABASE, from + count);
    for (let seed = first; seed < end && !isOver(); seed += 1) {
      const run = await simulate(basis, seed);
      sum.add(run);
      if (values.verbose) for (const line of run.lines) console.log(line);
      if (run.violations.length === 0) continue;
      tellFailure(seed, run);
      if (!values["stop-at-first"]) continue;
      const again = await simulate(basis, seed);
      console.log(`  once more: ${again.digest === run.digest ? "the same" : "another history"}`);
    }
  }
  const seconds = (systemClock.monotonicMs() - startedMs) / 1_000;
  console.log(`${sum.done} seeds from ${from}: ${sum.words()} in ${seconds.toFixed(1)} s`);
  return sum.failed === 0 ? 0 : 1;
}

function tellFailure(seed: number, { digest, violations }: Run): void {
  console.log(`seed ${seed} (history ${digest}):`);
  for (const violation of violations) console.log(`  ${violation}`);
  console.log(`  all of it: npm run simulate -- --seeds 1 --from ${seed} --verbose`);
}
