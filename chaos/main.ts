// Real programs under faults: npm run chaos -- --minutes 30 --seed 1

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTool } from "../bench/command-options.ts";
import { Interrupted, interruption } from "../bench/interruption.ts";
import { systemClock } from "../mesh/clock.ts";
import { whenReaderIsGone } from "../mesh/end-process.ts";
import { systemRandom } from "../sealing/random.ts";
import { type ChaosReport, reportLine, reportText, violationsOf } from "./chaos-report.ts";
import { runChaos } from "./chaos-run.ts";
import { type ChaosOrder, parseCommandLine, UsageError } from "./command-line.ts";

const EXIT_CODES = { sound: 0, violations: 1, usage: 2 } as const;

whenReaderIsGone();
await runTool(main);

async function main(): Promise<number> {
  let order: ChaosOrder;
  try {
    order = parseCommandLine(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return EXIT_CODES.usage;
  }
  return await run(order);
}

async function run({ isJson, isDataKept, ...order }: ChaosOrder): Promise<number> {
  const seed = order.seed ?? Buffer.from(systemRandom.bytes(4)).toString("hex");
  const directory = mkdtempSync(join(tmpdir(), "cardlane-chaos-"));
  const startedAtMs = systemClock.monotonicMs();
  const say = (line: string) => {
    const seconds = ((systemClock.monotonicMs() - startedAtMs) / 1_000).toFixed(1);
    // Standard output is for the report alone when a program reads it.
    (isJson ? console.error : console.log)(`${seconds.padStart(7)}  ${line}`);
  };
  say(`seed ${seed}, logs in ${join(directory, "logs")}`);
  const interrupted = interruption();
  let report: ChaosReport;
  try {
    report = await runChaos({ ...order, seed, directory, say, interrupted });
  } catch (error) {
    // Nothing was found yet, and who stops it does not want to look for it.
    if (error instanceof Interrupted && !isDataKept) rmSync(directory, { recursive: true });
    throw error;
  }
  for (const line of isJson ? [reportLine(report)] : reportText(report)) console.log(line);
  const isSound = violationsOf(report).length === 0;
  // What happened is in there; a run that found nothing leaves nothing.
  if (isSound && !isDataKept) rmSync(directory, { recursive: true });
  return isSound ? EXIT_CODES.sound : EXIT_CODES.violations;
}
