// Simulated runs of the whole mesh: npm run simulate -- --seeds 300 --from 1 [--verbose]

import { commandOptions, runTool, wholeNumber } from "../../bench/command-options.ts";
import { systemClock } from "../../mesh/clock.ts";
import { whenReaderIsGone } from "../../mesh/end-process.ts";
import { registerMesh } from "./registered-mesh.ts";
import { simulate } from "./simulate.ts";

const SEEDS = { min: 0, max: 999_999_999 } as const;

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
  await using basis = await registerMesh();
  const preparedMs = systemClock.monotonicMs();
  const states: Record<string, number> = {};
  let payments = 0;
  let failed = 0;
  let simulatedMs = 0;
  let done = 0;
  for (let seed = from; seed < from + count; seed += 1) {
    const run = await simulate(basis, seed);
    done += 1;
    payments += run.payments;
    simulatedMs += run.simulatedMs;
    for (const [state, times] of Object.entries(run.states)) {
      states[state] = (states[state] ?? 0) + times;
    }
    if (values.verbose) for (const line of run.lines) console.log(line);
    if (run.violations.length === 0) continue;
    failed += 1;
    console.log(`seed ${seed} (history ${run.digest}):`);
    for (const violation of run.violations) console.log(`  ${violation}`);
    console.log(`  all of it: npm run simulate -- --seeds 1 --from ${seed} --verbose`);
    if (!values["stop-at-first"]) continue;
    const again = await simulate(basis, seed);
    console.log(`  once more: ${again.digest === run.digest ? "the same" : "another history"}`);
    break;
  }
  const seconds = (systemClock.monotonicMs() - preparedMs) / 1_000;
  const all = Object.entries(states).map(([state, times]) => `${times} ${state}`);
  console.log(
    `${done} seeds from ${from}: ${payments} payments (${all.join(", ")}), ` +
      `${Math.round(simulatedMs / 60_000)} simulated minutes in ${seconds.toFixed(1)} s ` +
      `(and ${((preparedMs - startedMs) / 1_000).toFixed(1)} s to begin), ${failed} seeds failed`,
  );
  return failed === 0 ? 0 : 1;
}
