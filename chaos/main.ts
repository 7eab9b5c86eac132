// Real programs under faults: npm run chaos -- --minutes 30 --seed 1

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "../mesh/clock.ts";
import { endProcess, whenReaderIsGone } from "../mesh/end-process.ts";
import { systemRandom } from "../sealing/random.ts";
import { reportText, violationsOf } from "./chaos-report.ts";
import { runChaos } from "./chaos-run.ts";

whenReaderIsGone();
const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    seed: { type: "string", default: Buffer.from(systemRandom.bytes(4)).toString("hex") },
    "keep-data": { type: "boolean", default: false },
  },
});
const durationMs = Number(values.minutes) * 60_000;
if (!(durationMs > 0)) throw new Error(`--minutes must be above 0, got "${values.minutes}"`);

const directory = mkdtempSync(join(tmpdir(), "cardlane-chaos-"));
const startedAtMs = systemClock.monotonicMs();
const say = (line: string) => {
  const seconds = ((systemClock.monotonicMs() - startedAtMs) / 1_000).toFixed(1);
  console.log(`${seconds.padStart(7)}  ${line}`);
};
say(`seed ${values.seed}, logs in ${join(directory, "logs")}`);
const report = await runChaos({ durationMs, seed: values.seed, directory, say });
for (const line of reportText(report)) console.log(line);
const violationCount = violationsOf(report).length;
// What happened is in there; a run that found nothing leaves nothing.
if (violationCount === 0 && !values["keep-data"]) rmSync(directory, { recursive: true });
await endProcess(violationCount === 0 ? 0 : 1);
