import { systemClock as clock } from "../../mesh/clock.ts";
import { aligned } from "../columns.ts";
import { useOfProcesses } from "../cpu/process-use.ts";
import { payOnceEach } from "../load/pay-once-each.ts";
import { startBed } from "../measure/bench-bed.ts";
import { type Contender, compareInTurns } from "../measure/fixed-rate.ts";
import type { Question } from "../question.ts";
import { comparisonTable } from "../report/comparison.ts";
import { measureStreamMemory, type StreamMemory } from "./stream-memory.ts";

const PAYMENTS_PER_SECOND = 300;

/** The same load on more and more terminals' streams, and what a stream costs that is idle. */
export const measureStreams: Question = async ({ isQuick, perSecond, say }) => {
  const memoryStreams = isQuick ? 500 : 5_000;
  const memory: StreamMemory[] = [];
  for (const isTls of [true, false]) {
    say(`memory of ${memoryStreams} idle streams, ${isTls ? "TLS" : "plaintext"}`);
    memory.push(await measureStreamMemory(memoryStreams, isTls));
  }
  const counts = isQuick ? [1, 100] : [1, 100, 1_000, 5_000];
  const rate = {
    paymentsPerSecond: perSecond ?? PAYMENTS_PER_SECOND,
    warmUpMs: 500,
    runMs: isQuick ? 1_000 : 4_000,
    rounds: isQuick ? 2 : 5,
  };
  const idleMs = isQuick ? 2_000 : 20_000;
  await using stack = new AsyncDisposableStack();
  const contenders: Contender[] = [];
  const idle: string[][] = [];
  for (const count of counts) {
    const name = count.toLocaleString("en");
    say(`starting a mesh and opening ${name} streams`);
    const bed = stack.use(
      await startBed({ relayCount: 1, processorCount: 1, tillCount: count, environment: {} }),
    );
    const load = stack.use(await bed.startLoad({ tillCount: count, streamsPerTill: 1 }));
    await payOnceEach(load, count);
    contenders.push({ name, bed, load });
    const pids = bed.benchMesh.pids.get("relay") ?? [];
    const before = useOfProcesses(pids);
    await clock.sleep(idleMs);
    const seconds = useOfProcesses(pids).cpuSeconds - before.cpuSeconds;
    idle.push([name, ((seconds * 1_000) / (idleMs / 1_000)).toFixed(1)]);
  }
  const compared = await compareInTurns(contenders, rate, say);
  const table = [
    comparisonTable(`streams, ${rate.paymentsPerSecond}/s together`, compared),
    aligned([["streams, nothing to do", "relay CPU, ms per second"], ...idle]),
    memoryTable(memory),
  ].join("\n\n");
  return { table, facts: { rate, compared, idle, memory } };
};

function memoryTable(memory: readonly StreamMemory[]): string {
  const kB = (bytes: number) => (bytes / 1_000).toFixed(1);
  return aligned([
    ["an idle stream at the relay, kB", "streams", "resident", "JS heap", "external"],
    ...memory.map((one) => [
      one.isTls ? "mutual TLS" : "plaintext",
      String(one.streams),
      kB(one.residentBytes),
      kB(one.heapBytes),
      kB(one.externalBytes),
    ]),
  ]);
}
