import { systemClock as clock } from "../../mesh/clock.ts";
import { buildPeer } from "../jpos/build-peer.ts";
import { startPeer } from "../jpos/peer.ts";
import type { LoadGenerator } from "../load/load-generator.ts";
import { type BenchBed, startBed } from "../measure/bench-bed.ts";
import { checkpoint } from "../mesh/recycled-wal.ts";
import { findTpcb } from "../yardstick/tpcb.ts";
import type { Tpcb } from "../yardstick/tpcb-driver.ts";
import type { CostPlan } from "./cost-plan.ts";
import { type Contender, takeTurns, warmUp } from "./in-turns.ts";
import { peerContender } from "./peer-contender.ts";
import type { Round, YardstickRun } from "./round.ts";
import { measureTpcb } from "./yardstick.ts";

const TPCB_SCALE = 10;
/** One till keeps enough on the way with so many. */
const STREAMS = 16;

/** One PostgreSQL with the tables of a mesh, of TPC-B and of jPOS, and what is measured on it. */
export interface CostBed extends AsyncDisposable {
  readonly bed: BenchBed;
  /** One till of two; the other one is for a load generator of its own. */
  readonly load: LoadGenerator;
  readonly tpcb: Tpcb;
  /** Warms up, and lets all of them take turns. */
  inTurns(contenders: readonly Contender[], plan: CostPlan): Promise<ReadonlyMap<string, Round[]>>;
  /** @returns jPOS, or why it is left out. */
  startPeer(name: string): Promise<(Contender & AsyncDisposable) | string>;
}

export async function startCostBed(say: (line: string) => void): Promise<CostBed> {
  await using stack = new AsyncDisposableStack();
  say("starting PostgreSQL and the mesh");
  const options = { relayCount: 1, processorCount: 1, tillCount: 2, environment: {} };
  const bed = stack.use(await startBed(options));
  const load = stack.use(await bed.startLoad({ tillCount: 1, streamsPerTill: STREAMS }));
  const { postgres } = bed.benchMesh.mesh;
  await postgres.createDatabase("pgbench");
  const tpcb = await findTpcb(postgres.connectionOptions("pgbench"));
  await tpcb.initialise(TPCB_SCALE);
  const yardstick = (durationMs: number): Promise<YardstickRun> =>
    measureTpcb(tpcb, postgres.pid, durationMs);
  const running = stack.move();
  return {
    bed,
    load,
    tpcb,
    async inTurns(contenders, plan) {
      // None comes in the rounds: the pages that go into the WAL whole after it would be theirs.
      await checkpoint(postgres.connectionOptions("postgres"));
      say(`warming up: TPC-B, ${contenders.map(({ name }) => name).join(", ")}`);
      await yardstick(plan.heatMs);
      for (const contender of contenders) await warmUp(contender, plan.heatMs);
      const repeatsEndMs = clock.monotonicMs() + plan.repeatMsMax;
      return await takeTurns({
        ...plan,
        contenders,
        yardstick: () => yardstick(plan.runMs),
        mayRepeat: () => clock.monotonicMs() < repeatsEndMs,
        say,
      });
    },
    async startPeer(name) {
      const built = await buildPeer();
      if ("leftOut" in built) return built.leftOut;
      await postgres.createDatabase("jpos");
      const database = postgres.connectionOptions("jpos");
      const peer = await startPeer(built.classPath, database);
      const end = { [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose]() };
      return { ...peerContender(name, peer, postgres.pid), ...end };
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
