import type { LoadGenerator } from "../load/load-generator.ts";
import type { LoadPlan, LoadResult } from "../load/load-messages.ts";
import type { BenchBed } from "../measure/bench-bed.ts";
import { measureRun } from "../measure/measured-run.ts";
import type { Contender } from "./in-turns.ts";
import type { ContenderRun } from "./round.ts";

/** Of a closed loop. */
const ON_THE_WAY = 600;
/** So many times what it did last are ready for a closed loop, so that it does not run out. */
const STOCK = 1.5;
const STOCK_PER_SECOND_MIN = 2_000;
const WARM_UP_MS = 500;
/** A rate counts as reached from here: payments become due at random. */
const REACHED = 0.9;
const LOAD_GENERATOR = "load generator";

interface MeshLoad {
  readonly name: string;
  readonly bed: BenchBed;
  readonly load: LoadGenerator;
  /** 0 to 1. */
  readonly pinShare: number;
}

/** The mesh as full as it gets. */
export function closedLoop(mesh: MeshLoad): Contender {
  let perSecond = STOCK_PER_SECOND_MIN;
  return contender(
    mesh,
    () => ({ onTheWay: ON_THE_WAY, paymentsPerSecond: perSecond }),
    (run) => {
      perSecond = Math.max(STOCK_PER_SECOND_MIN, Math.ceil(run.perSecond * STOCK));
    },
  );
}

/** The mesh with so many payments a second, whatever it answers. */
export function openLoop(mesh: MeshLoad, paymentsPerSecond: number): Contender {
  return contender(
    mesh,
    () => ({ paymentsPerSecond }),
    () => undefined,
  );
}

function contender(
  { name, bed, load, pinShare }: MeshLoad,
  rateOf: () => Pick<LoadPlan, "onTheWay" | "paymentsPerSecond">,
  learn: (run: ContenderRun) => void,
): Contender {
  let seed = 0;
  return {
    name,
    async run(durationMs) {
      seed += 1;
      const mix = { pinShare, repeatShare: 0, warmUpMs: WARM_UP_MS, durationMs, seed };
      const plan = { ...mix, ...rateOf() };
      const measured = await measureRun(load, plan, bed.systemWith(load));
      const micros = Object.entries(measured.cost).map(([program, cost]): [string, number] => [
        program,
        cost.cpuMicrosPerPayment,
      ]);
      const run = {
        micros: Object.fromEntries(micros.filter(([program]) => program !== LOAD_GENERATOR)),
        loadMicros: measured.cost[LOAD_GENERATOR]?.cpuMicrosPerPayment ?? Number.NaN,
        perSecond: measured.completedPerSecond,
        p50: measured.latencyMs.p50,
        p99: measured.latencyMs.p99,
        foreignShare: measured.foreignShare,
        faults: faultsOf(measured, plan),
        loadMs: measured.sentForMs,
      };
      learn(run);
      return run;
    },
  };
}

/** Why a run says nothing about what a payment costs. */
export function faultsOf(
  {
    failed,
    failures,
    completed,
    sentForMs,
    tookMs,
  }: Pick<LoadResult, "failed" | "failures" | "completed" | "sentForMs" | "tookMs">,
  {
    onTheWay,
    paymentsPerSecond,
    warmUpMs,
    durationMs,
  }: Pick<LoadPlan, "onTheWay" | "paymentsPerSecond" | "warmUpMs" | "durationMs">,
): readonly string[] {
  const faults: string[] = [];
  if (failed > 0) faults.push(`failures: ${failed} (${Object.keys(failures).join(", ")})`);
  if (onTheWay !== undefined) {
    const isShort = sentForMs < REACHED * (warmUpMs + durationMs);
    return isShort ? [...faults, "too few payments ready"] : faults;
  }
  const perSecond = (completed * 1_000) / tookMs;
  if (perSecond >= REACHED * paymentsPerSecond) return faults;
  return [...faults, `rate not reached: ${perSecond.toFixed(0)}/s of ${paymentsPerSecond}/s`];
}
