import pg from "pg";
import { aligned, ms } from "../columns.ts";
import type { LoadPlan, LoadSecond, Surge } from "../load/load-messages.ts";
import { type BenchBed, startBed } from "../measure/bench-bed.ts";
import { measureRun } from "../measure/measured-run.ts";
import { lineOf } from "../measure/median-run.ts";
import type { Question } from "../question.ts";

const PAYMENTS_PER_SECOND = 200;
const FACTOR = 10;
const TILLS = 50;
/** One fast second is chance. */
const STEADY_SECONDS = 3;

/** Ten times the load for a while: when is the answer as fast as before, and are all final? */
export const measureOverload: Question = async ({ isQuick, perSecond, say }) => {
  const surgeMs = isQuick ? 2_000 : 10_000;
  const beforeMs = isQuick ? 3_000 : 10_000;
  const afterMs = isQuick ? 8_000 : 20_000;
  const surge: Surge = {
    fromMs: beforeMs,
    untilMs: beforeMs + surgeMs,
    factor: FACTOR,
    // What the relay asks for with OVERLOADED.
    repeatAfterMs: 1_000,
    patienceMs: 60_000,
  };
  const paymentsPerSecond = perSecond ?? PAYMENTS_PER_SECOND;
  const mix = { pinShare: 0, repeatShare: 0, paymentsPerSecond };
  const plan: LoadPlan = {
    ...mix,
    warmUpMs: 0,
    durationMs: beforeMs + surgeMs + afterMs,
    seed: 1,
    surge,
  };
  say("starting a mesh");
  await using bed = await startBed({
    relayCount: 1,
    processorCount: 1,
    tillCount: TILLS,
    environment: {},
  });
  await using load = await bed.startLoad({ tillCount: TILLS, streamsPerTill: 1 });
  const system = bed.systemWith(load);
  const warmUp = { ...mix, warmUpMs: 0, durationMs: 2_000, seed: 0 };
  say(`  warm-up ${lineOf(await measureRun(load, warmUp, system))}`);
  const run = await measureRun(load, plan, system);
  say(`  all     ${lineOf(run)}`);
  const recovery = recoveryOf(run.seconds, surge);
  const open = await notFinal(bed);
  const table = [
    aligned([["second", "due", "p50 ms", "p99 ms", ""], ...run.seconds.map(rowOf(surge))]),
    "",
    `p99 before: ${ms(recovery.p99BeforeMs)} ms at the most in a second`,
    `as before: ${recovery.seconds} s after the load went back`,
    `refused and sent again: ${run.repeated}; not approved in the end: ${run.failed}`,
    `not final at the relay: ${open.records}; ` +
      `approved at the relay and not at the processor, or the reverse: ${open.disagreeing}`,
  ].join("\n");
  return { table, facts: { plan, recovery, open, run } };
};

/** Seconds after the surge until p99 stays below the worst second before it for a while. */
function recoveryOf(seconds: readonly LoadSecond[], { fromMs, untilMs }: Surge) {
  const before = seconds.filter(({ second }) => second * 1_000 < fromMs);
  const p99BeforeMs = Math.max(...before.map(({ latencyMs }) => latencyMs.p99));
  const after = seconds.filter(({ second }) => second * 1_000 >= untilMs);
  const found = after.findIndex((_, index) => {
    const next = after.slice(index, index + STEADY_SECONDS);
    return (
      next.length === STEADY_SECONDS && next.every(({ latencyMs }) => latencyMs.p99 <= p99BeforeMs)
    );
  });
  return { p99BeforeMs, seconds: found === -1 ? Number.POSITIVE_INFINITY : found };
}

function rowOf({ fromMs, untilMs }: Surge) {
  return ({ second, due, latencyMs }: LoadSecond): string[] => {
    const startMs = second * 1_000;
    const mark = startMs >= fromMs && startMs < untilMs ? `× ${FACTOR}` : "";
    return [String(second), String(due), ms(latencyMs.p50), ms(latencyMs.p99), mark];
  };
}

/** Records that somebody still has to look after, and those that relay and processor see apart. */
async function notFinal({ benchMesh }: BenchBed) {
  const approvedIn = async (database: string, sql: string) => {
    const client = new pg.Client(benchMesh.mesh.postgres.connectionOptions(database));
    await client.connect();
    const { rows } = await client.query<{ readonly count: string }>(sql);
    await client.end();
    return Number(rows[0]?.count);
  };
  const approved = "state = 'APPROVED'";
  const records = await approvedIn("relay", "SELECT count(*) FROM record WHERE due_at IS NOT NULL");
  const relay = await approvedIn("relay", `SELECT count(*) FROM record WHERE ${approved}`);
  const processor = await approvedIn(
    "processor",
    `SELECT count(*) FROM processor.payment WHERE ${approved}`,
  );
  return { records, disagreeing: Math.abs(relay - processor) };
}
