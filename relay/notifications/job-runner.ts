import { Logger, type Runner, run, type TaskList } from "graphile-worker";
import pg from "pg";
import type { Clock } from "../../mesh/clock.ts";
import type { Log } from "../../mesh/log.ts";

/** Jobs at a time. They wait for other people's servers nearly always. */
const JOBS_AT_ONCE = 8;
/** New jobs are heard of at once; this is for those whose time comes. */
const POLL_MS = 1_000;
/** Longer than any task may take: who holds a job longer was killed. */
const LOCK_MS_MAX = 180_000;
const LOOK_FOR_DEAD_MS = 60_000;
/** Between attempts to reach a database that is away. */
const RESTART_MS = 2_000;
/** Each job needs one for a moment; listening takes one for good. */
const CONNECTIONS_MAX = 4;

export interface JobRunnerOptions {
  readonly databaseUrl: string;
  readonly tasks: TaskList;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Works the job queue in the relay's database, on connections of its own: what waits here takes
 * none of those that payments use. It starts again by itself when the database was away.
 */
export class JobRunner implements AsyncDisposable {
  readonly #options: JobRunnerOptions;
  readonly #stopping = new AbortController();
  readonly #pool: pg.Pool;
  readonly #working: Promise<void>;
  readonly #watching: Promise<void>;
  #runner: Runner | undefined;

  constructor(options: JobRunnerOptions) {
    this.#options = options;
    this.#pool = new pg.Pool({ connectionString: options.databaseUrl, max: CONNECTIONS_MAX });
    // Whoever uses a connection finds out; without handlers one that breaks ends the program.
    this.#pool.on("error", () => undefined);
    this.#pool.on("connect", (client) => void client.on("error", () => undefined));
    this.#working = this.#work();
    this.#watching = this.#watch();
  }

  /** Jobs that are under way are finished; what is left stays in the queue. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#runner?.stop().catch(() => undefined);
    await Promise.all([this.#working, this.#watching]);
    await this.#pool.end();
  }

  async #work(): Promise<void> {
    const { tasks, clock, log } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        this.#runner = await run({
          pgPool: this.#pool,
          taskList: tasks,
          concurrency: JOBS_AT_ONCE,
          pollInterval: POLL_MS,
          noHandleSignals: true,
          crontab: "",
          logger: SILENT,
        });
        if (signal.aborted) await this.#runner.stop();
        await this.#runner.promise;
      } catch (error) {
        if (!signal.aborted) log.failure("the job queue stopped", error);
      }
      await clock.sleep(RESTART_MS, signal).catch(() => undefined);
    }
  }

  /** Gives the jobs of relays that were killed to those that live. */
  async #watch(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#pool.query(FREE_JOBS_OF_THE_DEAD, [LOCK_MS_MAX]).catch((error) => {
        log.failure("jobs of a dead relay could not be freed", error);
      });
      await clock.sleep(LOOK_FOR_DEAD_MS, signal).catch(() => undefined);
    }
  }
}

const SILENT = new Logger(() => () => undefined);

const FREE_JOBS_OF_THE_DEAD = `
  SELECT graphile_worker.force_unlock_workers(array_agg(locked_by)) FROM graphile_worker.jobs
  WHERE locked_at < now() - $1 * interval '1 millisecond' HAVING count(*) > 0`;
