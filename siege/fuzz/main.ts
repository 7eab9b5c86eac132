// Bytes of every kind at every port: npm run fuzz -- --connections 100000 [--seed 7]
//                                   [--port-of relay] [--case 4711]
//
// docs/siege.md says what it sends, and how to send one case again.

import { runTool } from "../../bench/command-options.ts";
import { interruption } from "../../bench/interruption.ts";
import { systemClock as clock } from "../../mesh/clock.ts";
import { systemRandom } from "../../sealing/random.ts";
import { type FuzzArguments, readFuzzArguments } from "./arguments.ts";
import { openArena } from "./fuzz-arena.ts";
import { caseLines, fuzzCase } from "./fuzz-case.ts";
import { type Arena, type Finding, fuzz, replay, tryKnownKillers } from "./fuzz-run.ts";

const BATCH = 250;
const TELL_EVERY = 2_500;

await runTool(async () => {
  const asked = readFuzzArguments(process.argv.slice(2), newSeed);
  console.log(`seed ${asked.seed}, ports: ${asked.doors.map(({ name }) => name).join("; ")}`);
  const interrupted = interruption();
  await using arena = await openArena(asked.doors);
  const work = asked.isReplay ? replayCase(arena, asked) : fuzzAll(arena, asked);
  return await Promise.race([work, interrupted]);
});

async function fuzzAll(arena: Arena, asked: FuzzArguments): Promise<number> {
  const harm = await tryKnownKillers(arena, asked.doors);
  for (const line of harm) console.log(`known killer: ${line}`);
  if (harm.length > 0) return 1;
  console.log("known killers: all survived");
  const startedAtMs = clock.monotonicMs();
  const finding = await fuzz({
    ...asked,
    arena,
    batch: BATCH,
    onBatch: (done) => {
      if (done % TELL_EVERY === 0) console.log(`${done} of ${asked.last}`);
    },
  });
  if (finding !== undefined) return tellFinding(finding, asked);
  const seconds = (clock.monotonicMs() - startedAtMs) / 1_000;
  console.log(`${asked.last} connections in ${seconds.toFixed(0)} s: every program lives and pays`);
  return 0;
}

async function replayCase(arena: Arena, { seed, first, doors }: FuzzArguments): Promise<number> {
  const one = fuzzCase(seed, first, doors);
  for (const line of caseLines(one)) console.log(line);
  const { answer, wrongs } = await replay(arena, one);
  for (const bytes of answer) console.log(`< ${bytes.toString("hex")}`);
  for (const wrong of wrongs) console.log(`wrong: ${wrong}`);
  console.log(wrongs.length === 0 ? "every program lives and pays" : "this case does harm");
  return wrongs.length === 0 ? 0 : 1;
}

function tellFinding({ wrongs, number, between }: Finding, asked: FuzzArguments): number {
  for (const wrong of wrongs) console.log(`wrong: ${wrong}`);
  const again = `npm run fuzz -- --seed ${asked.seed}${asked.sameDoors}`;
  if (number !== undefined) console.log(`again: ${again} --case ${number}`);
  else {
    const [first, last] = between;
    console.log(`no case from ${first} to ${last} does it alone: ${again} --connections ${last}`);
  }
  return 1;
}

function newSeed(): string {
  return Buffer.from(systemRandom.bytes(4)).toString("hex");
}
