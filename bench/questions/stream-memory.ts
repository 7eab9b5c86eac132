import { systemClock as clock } from "../../mesh/clock.ts";
import { startBed } from "../measure/bench-bed.ts";
import { CollectedMemory } from "../measure/collected-memory.ts";

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

/** Resident memory of the relay, garbage collected, before and after many streams were opened. */
export async function measureStreamMemory(streams: number, isTls: boolean): Promise<StreamMemory> {
  await using stack = new AsyncDisposableStack();
  const memory = stack.use(new CollectedMemory());
  const bed = stack.use(
    await startBed({
      relayCount: 1,
      processorCount: 1,
      tillCount: FIRST_STREAMS + streams,
      isTls,
      environment: memory.environment,
    }),
  );
  const [pid = 0] = bed.benchMesh.pids.get("relay") ?? [];
  const first = await bed.startLoad({ tillCount: FIRST_STREAMS, streamsPerTill: 1 });
  await first[Symbol.asyncDispose]();
  await clock.sleep(SETTLE_MS);
  const before = await memory.of(pid);
  await using _load = await bed.startLoad({ tillCount: streams, streamsPerTill: 1 });
  await clock.sleep(SETTLE_MS);
  const after = await memory.of(pid);
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
