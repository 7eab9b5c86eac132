// A mesh on an ordinary day, for long: npm run soak -- --minutes 60 [--seed 7]
//
// docs/siege.md says what it does, and when a figure counts as growing.

import { aligned } from "../../bench/columns.ts";
import { runTool } from "../../bench/command-options.ts";
import { interruption } from "../../bench/interruption.ts";
import { quantilesOf } from "../../bench/load/quantiles.ts";
import { CollectedMemory } from "../../bench/measure/collected-memory.ts";
import { systemClock as clock } from "../../mesh/clock.ts";
import { systemRandom } from "../../sealing/random.ts";
import { BesiegedMesh } from "../besieged-mesh.ts";
import { readSoakArguments } from "./arguments.ts";
import { type Growth, growthOf } from "./growth.ts";
import { SoakLoad } from "./soak-load.ts";
import { SoakSamples } from "./soak-samples.ts";

const SAMPLE_MS = 15_000;
/** A short run is looked at more often, so that there is something to judge. */
const SAMPLES_MIN = 16;

await runTool(async () => {
  const asked = readSoakArguments(process.argv.slice(2), newSeed);
  console.log(`seed ${asked.seed}, ${asked.durationMs / 60_000} minutes`);
  const interrupted = interruption();
  using memory = new CollectedMemory("gentle");
  await using besieged = await BesiegedMesh.start({
    isTls: false,
    environment: memory.environment,
  });
  return await Promise.race([soak(besieged, memory, asked), interrupted]);
});

async function soak(
  besieged: BesiegedMesh,
  memory: CollectedMemory,
  { durationMs, seed }: ReturnType<typeof readSoakArguments>,
): Promise<number> {
  const stopping = new AbortController();
  const load = new SoakLoad({ besieged, seed, clock, stopping: stopping.signal });
  const running = load.run();
  const samples = new SoakSamples(besieged.mesh, memory, clock);
  const untilMs = clock.monotonicMs() + durationMs;
  const everyMs = Math.min(SAMPLE_MS, durationMs / SAMPLES_MIN);
  const sampling = (async () => {
    while (clock.monotonicMs() < untilMs) {
      const nextMs = clock.monotonicMs() + everyMs;
      await samples.take();
      await clock.sleep(Math.max(0, nextMs - clock.monotonicMs()));
    }
  })();
  // A client that fails ends the run as well: it would go on without it.
  await Promise.race([sampling, running]);
  stopping.abort();
  await running;
  const growths = samples.all().map(growthOf);
  console.log(`\n${table(growths)}\n`);
  const wrongs = [...(await besieged.wrongs()), ...load.failures, ...unsettled(load)];
  for (const line of [...figuresOf(load), ...wrongs.map((wrong) => `wrong: ${wrong}`)]) {
    console.log(line);
  }
  const growing = growths.filter(({ isGrowing }) => isGrowing);
  const verdict = growing.map(({ name }) => name).join("; ");
  console.log(growing.length === 0 ? "nothing grows" : `GROWING: ${verdict}`);
  return growing.length === 0 && wrongs.length === 0 ? 0 : 1;
}

function unsettled({ history }: SoakLoad): readonly string[] {
  return history.payments
    .filter(({ told }) => told.length === 0)
    .map(({ paymentId }) => `nothing final was told of ${paymentId}`);
}

function figuresOf({ latenciesMs, history, streamsOpened }: SoakLoad): readonly string[] {
  const { p50, p99 } = quantilesOf(latenciesMs);
  const times = `p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`;
  return [
    `${latenciesMs.length} payments at the till, ${times}`,
    `${history.payments.length} payments of other terminals, ${streamsOpened} streams opened`,
  ];
}

function table(growths: readonly Growth[]): string {
  const rows = growths.map(({ name, median, rise, riseMax, isGrowing }) => {
    const inMib = /: (used|resident)\b/.test(name);
    const text = (value: number) => (inMib ? value / 2 ** 20 : value).toFixed(1);
    const unit = inMib ? " MiB" : "";
    const verdict = isGrowing ? "GROWING" : "flat";
    return [`${name}${unit}`, text(median), text(rise), text(riseMax), verdict];
  });
  return aligned([["after the warm-up", "median", "rise", "may rise", "verdict"], ...rows]);
}

function newSeed(): string {
  return Buffer.from(systemRandom.bytes(4)).toString("hex");
}
