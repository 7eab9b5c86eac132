import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { temporaryDirectory } from "../../mesh/testing/certificates.ts";
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from "../../prisma/embedded/embedded-postgres.ts";
import { setUpDatabase } from "../../prisma/embedded/program-databases.ts";
import { queryOnce } from "../setup/database.ts";

const ROLE = "cardlane_relay";

/** A PostgreSQL of its own with a relay's database, which can be copied and put back. */
export class RelayCluster implements AsyncDisposable {
  readonly #home: Awaited<ReturnType<typeof temporaryDirectory>>;
  readonly #name: string;
  #server: EmbeddedPostgres;

  static async start(): Promise<RelayCluster> {
    const home = await temporaryDirectory();
    const server = await startEmbeddedPostgres({ dataDirectory: join(home.path, "first") });
    await setUpDatabase(server, "relay");
    return new RelayCluster(home, "first", server);
  }

  private constructor(
    home: Awaited<ReturnType<typeof temporaryDirectory>>,
    name: string,
    server: EmbeddedPostgres,
  ) {
    this.#home = home;
    this.#name = name;
    this.#server = server;
  }

  /** As the relay's own role. */
  get url(): string {
    return this.#server.url("relay", ROLE);
  }

  /** Where all its files are. */
  get directory(): string {
    return this.#path(this.#name);
  }

  /** As the administrator. */
  async query(text: string, values: readonly unknown[] = []): Promise<pg.QueryResultRow[]> {
    return await queryOnce(this.#server.url("relay"), text, values);
  }

  /** Copies all files while the server stands still, as a machine's snapshot does. */
  async snapshot(): Promise<void> {
    const { port } = this.#server;
    await this.#server.stop();
    await this.#copy(this.#name, "snapshot");
    this.#server = await startEmbeddedPostgres({ dataDirectory: this.#path(this.#name), port });
  }

  /** Puts the snapshot back: the same server, as it was. */
  async putBack(): Promise<void> {
    const { port } = this.#server;
    await this.#server.stop();
    await rm(this.#path(this.#name), { recursive: true });
    await this.#copy("snapshot", this.#name);
    this.#server = await startEmbeddedPostgres({ dataDirectory: this.#path(this.#name), port });
  }

  /** Copies the files of the running server with PostgreSQL's own words around it. */
  async baseBackup(): Promise<void> {
    const client = await this.#connect();
    try {
      await client.query("SELECT pg_backup_start('test', true)");
      await this.#copy(this.#name, "backup");
      const { rows } = await client.query("SELECT labelfile FROM pg_backup_stop(false)");
      const cluster = join(this.#path("backup"), "cluster");
      await writeFile(join(cluster, "backup_label"), rows[0].labelfile);
      await writeFile(join(cluster, "recovery.signal"), "");
      await writeFile(join(cluster, "postgresql.auto.conf"), RECOVERY);
      await rm(join(cluster, "postmaster.pid"), { force: true });
      await this.#copy(`${this.#name}/cluster/pg_wal`, "backup/cluster");
    } finally {
      await client.end();
    }
  }

  /** Recovers the base backup: the same cluster on another timeline. */
  async recover(): Promise<void> {
    const { port } = this.#server;
    await this.#server.stop();
    const dataDirectory = this.#path("backup");
    this.#server = await startEmbeddedPostgres({ dataDirectory, port });
    for (;;) {
      const [row] = await this.query("SELECT pg_is_in_recovery() AS is_on");
      if (row?.is_on === false) return;
    }
  }

  /** Another cluster with the same rows, as a dump that is restored. */
  async dumpedElsewhere(): Promise<RelayCluster> {
    const dataDirectory = this.#path("elsewhere");
    const server = await startEmbeddedPostgres({ dataDirectory });
    await setUpDatabase(server, "relay");
    const other = new RelayCluster(this.#home, "elsewhere", server);
    const tables = await this.query(TABLES);
    for (const { name } of tables) {
      // As text: JavaScript's numbers are too short for a sequence.
      const rows = await this.query(`SELECT json_agg(one)::text AS all FROM ${name} AS one`);
      const [{ all } = { all: null }] = rows;
      await other.#withoutTriggers(`TRUNCATE ${name}`);
      if (all === null) continue;
      const insert = `INSERT INTO ${name} SELECT * FROM json_populate_recordset(null::${name}, $1)`;
      await other.#withoutTriggers(insert, [all]);
    }
    return other;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop();
    await this.#home[Symbol.asyncDispose]();
  }

  async #withoutTriggers(text: string, values: readonly unknown[] = []): Promise<void> {
    const client = await this.#connect();
    try {
      await client.query("SET session_replication_role = replica");
      await client.query(text, [...values]);
    } finally {
      await client.end();
    }
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.#server.url("relay") });
    await client.connect();
    return client;
  }

  /** With their owner, who is not root. */
  async #copy(from: string, to: string): Promise<void> {
    await promisify(execFile)("cp", ["-Rp", this.#path(from), this.#path(to)]);
  }

  #path(name: string): string {
    return join(this.#home.path, name);
  }
}

/** As far as the copy reaches, and on from there. */
const RECOVERY = `
restore_command = 'false'
`;

const TABLES = `
  SELECT format('public.%I', tablename) AS name FROM pg_tables
  WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'`;
