import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { systemClock as clock } from "../mesh/clock.ts";
import { startBed } from "./bench-bed.ts";

/** What one idle terminal stream keeps at the relay, bytes; each has a connection of its own. */
export interface StreamMemory {
  readonly isTls: boolean;
  readonly streams: number;
  /** Resident memory of the process. */
  readonly residentBytes: number;
  /** JavaScript objects. */
  readonly heapBytes: number;
  /** Buffers and what native objects say that they hold. */
  readonly externalBytes: number;
}

/** Opened and closed before anything is read: then the code is compiled, the pools are made. */
const FIRST_STREAMS = 300;
/** Every stream has had its Hello and a Heartbeat or two. */
const SETTLE_MS = 3_000;
const REPORT_MS_MAX = 30_000;
const LOOK_MS = 50;

/** Resident memory of the relay, garbage collected, before and after many streams were opened. */
export async function measureStreamMemory(streams: number, isTls: boolean): Promise<StreamMemory> {
  await using stack = new AsyncDisposableStack();
  const reports = mkdtempSync(join(tmpdir(), "cardlane-memory-"));
  stack.defer(() => rmSync(reports, { recursive: true, force: true }));
  const preload = pathToFileURL(join(import.meta.dirname, "memory-report.ts")).href;
  const bed = stack.use(
    await startBed({
      relayCount: 1,
      processorCount: 1,
      tillCount: FIRST_STREAMS + streams,
      isTls,
      environment: {
        NODE_OPTIONS: `--expose-gc --import ${preload}`,
        BENCH_MEMORY_DIR: reports,
      },
    }),
  );
  const [pid = 0] = bed.benchMesh.pids.get("relay") ?? [];
  const first = await bed.startLoad({ tillCount: FIRST_STREAMS, streamsPerTill: 1 });
  await first[Symbol.asyncDispose]();
  await clock.sleep(SETTLE_MS);
  const before = await memoryOf(pid, reports);
  await using _load = await bed.startLoad({ tillCount: streams, streamsPerTill: 1 });
  await clock.sleep(SETTLE_MS);
  const after = await memoryOf(pid, reports);
  const perStream = (of: (usage: NodeJS.MemoryUsage) => number) =>
    (of(after) - of(before)) / streams;
  return {
    isTls,
    streams,
    residentBytes: perStream(({ rss }) => rss),
    heapBytes: perStream(({ heapUsed }) => heapUsed),
    externalBytes: perStream(({ external }) => external),
  };
}

async function memoryOf(pid: number, reports: string): Promise<NodeJS.MemoryUsage> {
  const file = join(reports, `${pid}.json`);
  rmSync(file, { force: true });
  process.kill(pid, "SIGUSR2");
  for (let waitedMs = 0; waitedMs < REPORT_MS_MAX; waitedMs += LOOK_MS) {
    await clock.sleep(LOOK_MS);
    const usage = readReport(file);
    if (usage !== undefined) return usage;
  }
  throw new Error(`the relay did not report its memory within ${REPORT_MS_MAX} ms`);
}

function readReport(file: string): NodeJS.MemoryUsage | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as NodeJS.MemoryUsage;
  } catch {
    return undefined; // Not written yet.
  }
}
