import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { PGlite } from "@electric-sql/pglite";
import pg from "pg";
import { HOT_PLAN_SETTINGS } from "../../../prisma/hot-database.ts";

const ROOT = join(import.meta.dirname, "../../..");
const MIGRATIONS = {
  relay: globSync("prisma/relay/migrations/*/migration.sql", { cwd: ROOT }).toSorted(),
  processor: globSync("prisma/processor/migrations/*/migration.sql", { cwd: ROOT }).toSorted(),
};
type ProgramName = keyof typeof MIGRATIONS;

/** What the relay's statements know of graphile-worker: jobs are written, and nobody runs them. */
const JOB_QUEUE = `
  CREATE SCHEMA graphile_worker;
  CREATE TYPE graphile_worker.job_spec AS (identifier text, payload json, queue_name text,
    run_at timestamptz, max_attempts integer, job_key text, priority integer, flags text[]);
  CREATE TABLE graphile_worker.job (key text NOT NULL, identifier text NOT NULL);
  CREATE FUNCTION graphile_worker.add_jobs(specs graphile_worker.job_spec[]) RETURNS bigint
    LANGUAGE sql VOLATILE AS $$
      WITH added AS (
        INSERT INTO graphile_worker.job SELECT job_key, identifier FROM unnest(specs) RETURNING 1
      )
      SELECT count(*) FROM added
    $$`;

/** Every verdict on a PIN that was given, also those that a restored database does not have. */
const VERDICT_LOG = `
  CREATE SCHEMA simulation;
  CREATE TABLE simulation.verdict (
    position BIGINT GENERATED ALWAYS AS IDENTITY, digest BYTEA, verdict TEXT, tries_left SMALLINT);
  CREATE FUNCTION simulation.log_verdict() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO simulation.verdict (digest, verdict, tries_left)
        VALUES (NEW.digest, NEW.verdict, NEW.tries_left);
      RETURN NEW;
    END $$;
  CREATE TRIGGER log_verdict AFTER INSERT ON pin.verdict
    FOR EACH ROW EXECUTE FUNCTION simulation.log_verdict()`;

/** As the programs set them for their connections. */
const SETTINGS = [...HOT_PLAN_SETTINGS.map((one) => `SET ${one}`), "SET timezone = 'UTC'"];

/** Everything that a run leaves behind; who is registered and which cards there are stays. */
const RESET: Readonly<Record<ProgramName, string>> = {
  relay: `
    TRUNCATE record, sealed_payment, record_event, acknowledgement_mark, notification,
      graphile_worker.job
      RESTART IDENTITY;
    DELETE FROM log_epoch WHERE epoch > 1;`,
  processor: `
    TRUNCATE processor.payment, processor.posting, processor.account,
      processor.held_reversal, pin.verdict, simulation.verdict
      RESTART IDENTITY;
    ALTER SEQUENCE processor.retrieval_reference_block RESTART;
    UPDATE processor.reader SET state = 'ACTIVE' WHERE state <> 'ACTIVE';
    UPDATE pin.card SET tries_left = 3 WHERE tries_left <> 3;`,
};

/** The files of a PostgreSQL without databases, made once in a process: a copy costs a sixth. */
let blank: Promise<Blob> | undefined;

async function makeBlank(): Promise<Blob> {
  const postgres = await PGlite.create();
  const files = await postgres.dumpDataDir("none");
  await postgres.close();
  return files;
}

/**
 * PostgreSQL in this process, with the schemas of one or both programs, through the driver that
 * they use: the same statements, parameters and errors. It has one connection, so statements
 * follow one another.
 */
export class SqlEngine implements AsyncDisposable {
  readonly #postgres: PGlite;
  readonly #client: pg.Client;
  readonly #reset: string;

  private constructor(postgres: PGlite, client: pg.Client, programs: readonly ProgramName[]) {
    this.#postgres = postgres;
    this.#client = client;
    this.#reset = [
      "SET session_replication_role = replica;",
      ...programs.map((program) => RESET[program]),
      "SET session_replication_role = origin",
    ].join("\n");
  }

  /** @param programs whose database it is. */
  static async start(...programs: readonly ProgramName[]): Promise<SqlEngine> {
    blank ??= makeBlank();
    const postgres = await PGlite.create({ loadDataDir: await blank });
    await postgres.exec(JOB_QUEUE);
    for (const path of programs.flatMap((program) => MIGRATIONS[program])) {
      await postgres.exec(readFileSync(join(ROOT, path), "utf8"));
    }
    if (programs.includes("processor")) await postgres.exec(VERDICT_LOG);
    const stream = () => new EngineSocket(postgres) as unknown as pg.ClientConfig["stream"];
    const client = new pg.Client({ user: "postgres", database: "postgres", stream } as object);
    await client.connect();
    const engine = new SqlEngine(postgres, client, programs);
    for (const setting of SETTINGS) await engine.query({ text: setting });
    return engine;
  }

  async reset(): Promise<void> {
    await this.#client.query(this.#reset);
  }

  /** @param nowMs what PostgreSQL's clock says, for statements that ask. */
  async query(config: pg.QueryConfig, nowMs = 0): Promise<pg.QueryResult> {
    return await this.#client.query(at(nowMs, config));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end();
    await this.#postgres.close();
  }
}

/** The same statement where now() is what is given, as one more parameter: it costs nothing. */
function at(nowMs: number, config: pg.QueryConfig): pg.QueryConfig {
  if (!config.text.includes("now()")) return config;
  const values: readonly unknown[] = config.values ?? [];
  const text = config.text.replaceAll("now()", `$${values.length + 1}::timestamptz`);
  return { ...config, text, values: [...values, new Date(nowMs)] };
}

/** What the driver takes for a TCP connection. */
class EngineSocket extends Duplex {
  readonly #postgres: PGlite;

  constructor(postgres: PGlite) {
    super();
    this.#postgres = postgres;
  }

  connect(): this {
    process.nextTick(() => this.emit("connect"));
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  override _read(): void {}

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    const message = Buffer.concat(chunks.map(({ chunk }) => chunk));
    this.#postgres.execProtocolRaw(message, { syncToFs: false }).then(
      (answer) => {
        this.push(Buffer.from(answer));
        done();
      },
      (error: Error) => done(error),
    );
  }

  override _final(done: () => void): void {
    this.push(null);
    done();
  }
}
