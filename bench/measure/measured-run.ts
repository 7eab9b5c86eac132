import pg from "pg";
import type { ConnectionOptions } from "../../prisma/embedded/postgres-cluster.ts";
import { watchForeignCpu } from "../cpu/foreign-cpu.ts";
import {
  loopbackBytes,
  type ProcessUse,
  useOfPostgres,
  useOfProcesses,
} from "../cpu/process-use.ts";
import type { LoadGenerator } from "../load/load-generator.ts";
import type { LoadPlan, LoadResult } from "../load/load-messages.ts";

/** One run with what it cost. */
export interface MeasuredRun extends LoadResult {
  /** By program, and "PostgreSQL". */
  readonly cost: Readonly<Record<string, ProgramCost>>;
  readonly walBytesPerPayment: number;
  /** Whole pages in the WAL: each page that is changed for the first time after a checkpoint. */
  readonly walImagesPerPayment: number;
  /** All hops and the database together, with the headers of TCP and IP. */
  readonly loopbackBytesPerPayment: number;
  /** 0 to 1: what others took of all cores meanwhile. */
  readonly foreignShare: number;
}

export interface ProgramCost {
  readonly cpuMicrosPerPayment: number;
  /** Handed to the system: sockets and files. */
  readonly writtenBytesPerPayment: number;
  readonly memoryMiBMax: number;
}

export interface MeasuredSystem {
  /** Program → its process ids. */
  readonly pids: ReadonlyMap<string, readonly number[]>;
  readonly postgresPid: number;
  /** Any database of the server. */
  readonly database: ConnectionOptions;
}

/** Runs the load and reads, right before and after, what everything has used. */
export async function measureRun(
  load: LoadGenerator,
  plan: LoadPlan,
  system: MeasuredSystem,
): Promise<MeasuredRun> {
  const client = new pg.Client(system.database);
  await client.connect();
  try {
    let before: Reading | undefined;
    let foreignShare = () => Number.NaN;
    const result = await load.run(plan, async () => {
      foreignShare = watchForeignCpu();
      before = await read(system, client);
    });
    const after = await read(system, client);
    if (before === undefined) throw new Error("bug: the load began without being read");
    const cost = costOf(before, after, Math.max(1, result.completed));
    return { ...result, ...cost, foreignShare: foreignShare() };
  } finally {
    await client.end();
  }
}

interface Reading {
  readonly uses: Readonly<Record<string, ProcessUse>>;
  readonly walBytes: number;
  readonly walImages: number;
  readonly loopbackBytes: number;
}

async function read(system: MeasuredSystem, client: pg.Client): Promise<Reading> {
  const { rows } = await client.query<{ readonly bytes: string; readonly images: string }>(
    `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS bytes, wal_fpi AS images
     FROM pg_stat_wal`,
  );
  const programs = [...system.pids].map(([name, pids]) => [name, useOfProcesses(pids)] as const);
  const postgres = ["PostgreSQL", useOfPostgres(system.postgresPid)] as const;
  return {
    uses: Object.fromEntries([...programs, postgres]),
    walBytes: Number(rows[0]?.bytes),
    walImages: Number(rows[0]?.images),
    loopbackBytes: loopbackBytes(),
  };
}

function costOf(before: Reading, after: Reading, payments: number) {
  const cost = Object.entries(after.uses).map(([name, use]): [string, ProgramCost] => {
    const earlier = before.uses[name] ?? { cpuSeconds: 0, writtenBytes: 0, memoryBytesMax: 0 };
    return [
      name,
      {
        cpuMicrosPerPayment: ((use.cpuSeconds - earlier.cpuSeconds) * 1e6) / payments,
        writtenBytesPerPayment: (use.writtenBytes - earlier.writtenBytes) / payments,
        memoryMiBMax: use.memoryBytesMax / 2 ** 20,
      },
    ];
  });
  return {
    cost: Object.fromEntries(cost),
    walBytesPerPayment: (after.walBytes - before.walBytes) / payments,
    walImagesPerPayment: (after.walImages - before.walImages) / payments,
    loopbackBytesPerPayment: (after.loopbackBytes - before.loopbackBytes) / payments,
  };
}
