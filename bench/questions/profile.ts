// node bench/questions/profile.ts [--rate 1500] [--seconds 10] [--pin 1]
//
// Where the CPU of relay, processor and PIN service goes under one steady load: V8's profile of
// each program, its own time by function, and the .cpuprofile files for a browser's tools.

import { globSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startBed } from "../measure/bench-bed.ts";
import { measureRun } from "../measure/measured-run.ts";

const LINES = 28;
const STREAMS = 16;

const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "1500" },
    seconds: { type: "string", default: "10" },
    pin: { type: "string", default: "0" },
  },
});
const profiles = mkdtempSync(join(tmpdir(), "cardlane-profiles-"));
await runUnderLoad();
for (const file of globSync("*.cpuprofile", { cwd: profiles }).sort()) {
  print(file, JSON.parse(readFileSync(join(profiles, file), "utf8")));
}

async function runUnderLoad(): Promise<void> {
  await using bed = await startBed({
    relayCount: 1,
    processorCount: 1,
    tillCount: 1,
    environment: { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profiles}` },
  });
  await using load = await bed.startLoad({ tillCount: 1, streamsPerTill: STREAMS });
  const plan = {
    paymentsPerSecond: Number(values.rate),
    pinShare: Number(values.pin),
    repeatShare: 0,
    warmUpMs: 1_000,
    durationMs: Number(values.seconds) * 1_000,
  };
  const system = bed.systemWith(load);
  // The first run compiles what the second one measures; the profile holds both.
  await measureRun(load, { ...plan, seed: 1, durationMs: 2_000 }, system);
  const run = await measureRun(load, { ...plan, seed: 2 }, system);
  const cost = Object.entries(run.cost).map(
    ([name, { cpuMicrosPerPayment }]) => `${name} ${cpuMicrosPerPayment.toFixed(0)} µs`,
  );
  console.log(
    `${run.completed} payments, p50 ${run.latencyMs.p50.toFixed(1)} ms: ${cost.join(", ")}`,
  );
}

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

function print(file: string, { nodes, samples, timeDeltas }: Profile): void {
  const nameOfNode = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const micros = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const name = nameOfNode.get(id) ?? "?";
    micros.set(name, (micros.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  }
  micros.delete("(idle)");
  const total = [...micros.values()].reduce((sum, one) => sum + one, 0);
  console.log(`\n${join(profiles, file)}: ${(total / 1e6).toFixed(1)} s of work`);
  const most = [...micros].sort(([, a], [, b]) => b - a).slice(0, LINES);
  for (const [name, own] of most) {
    console.log(`${((100 * own) / total).toFixed(1).padStart(6)} %  ${name}`);
  }
}

function nameOf(frame: Profile["nodes"][number]["callFrame"]): string {
  const name = frame.functionName || "(anonymous)";
  if (frame.url === "") return name;
  return `${name} ${frame.url.split("/").slice(-3).join("/")}:${frame.lineNumber + 1}`;
}
