import type pg from "pg";
import { getTypeParser } from "../../../processor/database.ts";
import type { DatabaseConnections } from "../../../relay/database.ts";
import type { Life } from "./host.ts";
import { prismaStandIn } from "./prisma-stand-in.ts";
import type { SqlEngine } from "./sql-engine.ts";
import { StrandedStatement } from "./stranded-statement.ts";
import type { World } from "./world.ts";

const STATEMENT_MS_MIN = 0.3;
const STATEMENT_MS_MAX = 4;
/** The driver gives up on a statement after this; the server may do it all the same, later. */
const TIMEOUT_MS = 10_000;
const SLOW_MS_MAX = 15_000;

/** How likely each statement goes wrong in a way of its own. */
interface DatabaseTrouble {
  readonly refusedChance: number;
  /** It is committed, and nobody hears of it. */
  readonly fateUnknownChance: number;
  readonly slowChance: number;
}

export const NO_TROUBLE: DatabaseTrouble = {
  refusedChance: 0,
  fateUnknownChance: 0,
  slowChance: 0,
};

/** What is wrong with a database at the moment, for all of its clients. */
export class DatabaseWeather {
  trouble = NO_TROUBLE;
  isAway = false;
  /** How far its clock is ahead of the right one. */
  aheadMs = 0;
  timesPutBack = 0;
  /** How often its server was replaced by one from before: what was sent to the other is lost. */
  timesRestored = 0;
  readonly stranded = new StrandedStatement();
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** Its clock is wrong from now on, by so much more. */
  jump(byMs: number): void {
    this.aheadMs += byMs;
    if (byMs < 0) this.timesPutBack += 1;
  }
}

/** Told of every statement that PostgreSQL has done. */
export type StatementWitness = (life: Life, name: string, rows: readonly SqlRow[]) => void;
export type SqlRow = Readonly<Record<string, unknown>>;

export interface ConnectionsOptions {
  readonly world: World;
  readonly engine: SqlEngine;
  readonly life: Life;
  readonly weather: DatabaseWeather;
  readonly witness: StatementWitness;
}

type QueryBack = (error: Error | null, result?: pg.QueryResult) => void;

/** One program's connections to its database. A dead program's statements may still be done. */
export class Connections {
  readonly #options: ConnectionsOptions;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** What the relay's `Database` needs. */
  asBoth(): DatabaseConnections {
    const query = (config: pg.QueryConfig) => this.query(config);
    return { pool: this.#poolOf(query), prisma: prismaStandIn(query) };
  }

  /** What the processor's `Database` needs: with int8 as bigint. */
  asProcessorPool(): pg.Pool {
    return this.#poolOf((config) => this.query({ ...config, types: { getTypeParser } }));
  }

  #poolOf(query: (config: pg.QueryConfig) => Promise<pg.QueryResult>): pg.Pool {
    const ignore = () => undefined;
    const queryBack = (config: pg.QueryConfig, back: QueryBack) => {
      query(config).then((result) => back(null, result), back);
    };
    return {
      query,
      connect: async () => ({ query: queryBack, release: ignore }),
      on: ignore,
      end: async () => undefined,
    } as unknown as pg.Pool;
  }

  query(config: pg.QueryConfig): Promise<pg.QueryResult> {
    const { world, life, weather } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<pg.QueryResult>();
    const { trouble, stranded } = weather;
    const lost = () => life.deliver(() => reject(new Error("connection terminated")));
    if (life.isOver) return promise;
    if (weather.isAway || world.strikes(trouble.refusedChance)) {
      world.timeline.after(STATEMENT_MS_MIN, lost);
      return promise;
    }
    const isFateUnknown = world.strikes(trouble.fateUnknownChance);
    const slowMs = world.strikes(trouble.slowChance) ? world.dice.next() * SLOW_MS_MAX : 0;
    const delayMs = slowMs + STATEMENT_MS_MIN + world.dice.next() * STATEMENT_MS_MAX;
    const server = weather.timesRestored;
    const run = () => {
      if (server !== weather.timesRestored) return lost();
      world.statementsUnderWay += 1;
      const done = this.#run(config).finally(() => {
        world.statementsUnderWay -= 1;
      });
      done.then(
        (result) => (isFateUnknown ? lost() : life.deliver(() => resolve(result))),
        (error: pg.DatabaseError) => life.deliver(() => reject(error)),
      );
    };
    const caught = stranded.isCaught(config, run);
    // PostgreSQL does what was sent, whoever has died meanwhile.
    if (caught?.isFatal === true) life.host.crash(`${caught.name} is on its way`);
    if (caught === undefined) this.#runAfter(delayMs, run);
    if (caught !== undefined || delayMs > TIMEOUT_MS) world.timeline.after(TIMEOUT_MS, lost);
    return promise;
  }

  /** Under way from now on. One that was caught is not: another may take its place for ever. */
  #runAfter(delayMs: number, run: () => void): void {
    const { world } = this.#options;
    world.statementsUnderWay += 1;
    world.timeline.after(delayMs, () => {
      world.statementsUnderWay -= 1;
      run();
    });
  }

  async #run(config: pg.QueryConfig): Promise<pg.QueryResult> {
    const { world, engine, life, weather, witness } = this.#options;
    const name = config.name ?? "";
    try {
      const nowMs = world.startMs + Math.floor(world.timeline.elapsedMs) + weather.aheadMs;
      const result = await engine.query(config, nowMs);
      world.history.add(life.host.name, `${name}: ${result.rowCount} rows`);
      witness(life, name, result.rows);
      const recordNumbers = result.rows.map(({ record_number: number }) => String(number));
      weather.stranded.seeDone(name, recordNumbers);
      return result;
    } catch (error) {
      world.history.add(life.host.name, `${name}: error ${(error as pg.DatabaseError).code}`);
      throw error;
    }
  }
}
