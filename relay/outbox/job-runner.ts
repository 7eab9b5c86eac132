import { EventEmitter } from "node:events";
import { Logger, type Runner, run, type TaskList, type WorkerEvents } from "graphile-worker";
import pg from "pg";
import { Outage } from "../../mesh/retry/outage.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";

/** New jobs are heard of at once; this is for those whose time comes. */
const POLL_MS = 1_000;
/** Longer than any task may take: who holds a job longer hangs, or its machine is gone. */
const LOCK_MS_MAX = 180_000;
/** A worker that has just started has taken its sign of life by then. */
const LOCK_MS_MIN = 2_000;
const LOOK_FOR_DEAD_MS = 10_000;
/** First key of the advisory locks that are signs of life; the second is the worker's name. */
export const ALIVE = 0x6a6f_6273;
/** Between attempts to reach a database that is away. */
const RESTART_MS = 2_000;
/**
 * Jobs are marked as done in batches, of those of one turn of the event loop: that way alone the
 * library catches what goes wrong there. Marked one by one, a connection that breaks in between is
 * a rejection that nobody handles, and ends the relay.
 */
const HANDLED = { completeJobBatchDelay: 0, failJobBatchDelay: 0 };
/** Each job needs one for a moment. Besides, each lane listens on one for good. */
const CONNECTIONS_FOR_JOBS = 3;

/** Jobs that wait for each other alone: what hangs in one lane holds up no other. */
export interface Lane {
  readonly tasks: TaskList;
  /** They wait for other people's servers nearly always. */
  readonly jobsAtOnce: number;
}

/**
 * Works the job queue in the relay's database, on connections of its own: what waits here takes
 * none of those that payments use. It starts again by itself when the database was away.
 *
 * One connection holds an advisory lock as long as this program lives: PostgreSQL lets go of it
 * when the program is killed, and the jobs that it held are given to whoever lives.
 */
export class JobRunner implements AsyncDisposable {
  readonly #databaseUrl: string;
  readonly #lanes: readonly Lane[];
  readonly #around: Pick<Surroundings, "clock" | "log">;
  readonly #stopping = new AbortController();
  readonly #pool: pg.Pool;
  readonly #working: Promise<void>;
  readonly #watching: Promise<void>;
  #runners: readonly Runner[] = [];

  constructor(
    databaseUrl: string,
    lanes: readonly Lane[],
    around: Pick<Surroundings, "clock" | "log">,
  ) {
    this.#databaseUrl = databaseUrl;
    this.#lanes = lanes;
    this.#around = around;
    const max = CONNECTIONS_FOR_JOBS + lanes.length;
    this.#pool = new JobPool({ connectionString: databaseUrl, max });
    // Whoever uses a connection finds out; without handlers one that breaks ends the program.
    this.#pool.on("error", () => undefined);
    this.#pool.on("connect", (client) => void client.on("error", () => undefined));
    this.#working = this.#work();
    this.#watching = this.#watch();
  }

  /** Jobs that are under way are finished; what is left stays in the queue. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#stop();
    await Promise.all([this.#working, this.#watching]);
    await this.#pool.end();
  }

  async #work(): Promise<void> {
    const { clock, log } = this.#around;
    const { signal } = this.#stopping;
    const outage = new Outage(log, {
      begins: "the job queue cannot be worked",
      ends: "the job queue is worked again",
    });
    while (!signal.aborted) {
      try {
        await using alive = await this.#signOfLife();
        await this.#start(alive.events);
        // Whoever wanted it to end while it was being made had nothing to stop yet.
        if (!signal.aborted && !alive.lost.aborted) {
          outage.succeeded();
          await Promise.race(this.#runners.map(({ promise }) => promise));
        }
      } catch (error) {
        if (!signal.aborted) outage.failed(error);
      } finally {
        await this.#stop();
      }
      await clock.sleep(RESTART_MS, signal).catch(() => undefined);
    }
  }

  async #start(events: WorkerEvents): Promise<void> {
    this.#runners = [];
    for (const { tasks, jobsAtOnce } of this.#lanes) {
      const runner = await run({
        pgPool: this.#pool,
        taskList: tasks,
        concurrency: jobsAtOnce,
        pollInterval: POLL_MS,
        noHandleSignals: true,
        crontab: "",
        logger: SILENT,
        events,
        preset: { worker: HANDLED },
      });
      this.#runners = [...this.#runners, runner];
    }
  }

  /** Resolves when no job is under way. Does nothing when it is stopped already. */
  async #stop(): Promise<void> {
    const runners = this.#runners;
    await Promise.allSettled(runners.map((runner) => runner.stop()));
    await Promise.allSettled(runners.map(({ promise }) => promise));
  }

  /** Without it others take the jobs away, so the work starts anew when the connection is lost. */
  async #signOfLife() {
    const client = new pg.Client({ connectionString: this.#databaseUrl });
    const events: WorkerEvents = new EventEmitter();
    const lost = new AbortController();
    const lose = () => {
      lost.abort();
      void this.#stop();
    };
    client.on("error", lose);
    await client.connect();
    events.on("pool:create", ({ workerPool }) => {
      client.query("SELECT pg_advisory_lock($1, hashtext($2))", [ALIVE, workerPool.id]).catch(lose);
    });
    return { events, lost: lost.signal, [Symbol.asyncDispose]: () => client.end() };
  }

  /** Gives the jobs of relays that were killed to those that live. */
  async #watch(): Promise<void> {
    const { clock, log } = this.#around;
    const { signal } = this.#stopping;
    const outage = new Outage(log, {
      begins: "jobs of the dead cannot be freed",
      ends: "jobs of the dead are freed again",
    });
    while (!signal.aborted) {
      const values = [LOCK_MS_MAX, LOCK_MS_MIN, ALIVE];
      await this.#pool.query(FREE_JOBS_OF_THE_DEAD, values).then(
        () => outage.succeeded(),
        (error) => outage.failed(error),
      );
      await clock.sleep(LOOK_FOR_DEAD_MS, signal).catch(() => undefined);
    }
  }
}

const SILENT = new Logger(() => () => undefined);

/**
 * Whose lock can be had is dead; it is let go of at once. Values: longest and shortest time that
 * a job may be held, in milliseconds, and ALIVE.
 */
export const FREE_JOBS_OF_THE_DEAD = `
  WITH holder AS MATERIALIZED (
    SELECT locked_by AS name, min(locked_at) AS since FROM graphile_worker.jobs
    WHERE locked_at IS NOT NULL GROUP BY locked_by
  )
  SELECT graphile_worker.force_unlock_workers(array_agg(name)) FROM holder
  WHERE since < now() - $1 * interval '1 millisecond'
    OR (since < now() - $2 * interval '1 millisecond'
      AND pg_try_advisory_xact_lock($3, hashtext(name)))
  HAVING count(*) > 0`;

type Callback = Parameters<pg.Pool["connect"]>[0];

/**
 * Connections that may be given back twice. The job queue's library does so with the one that it
 * listens on, when that breaks while the library is starting and being stopped, and nobody there
 * handles the error of the second time: it would end the relay.
 */
export class JobPool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Callback): void;
  override connect(callback?: Callback): Promise<pg.PoolClient> | undefined {
    if (callback === undefined) return super.connect();
    super.connect((error, client, done) => {
      let isDone = false;
      callback(error, client, (release) => {
        if (isDone) return;
        isDone = true;
        done(release);
      });
    });
    return undefined;
  }
}
