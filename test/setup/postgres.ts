import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from "../../prisma/embedded/embedded-postgres.ts";
import { applyMigrations } from "../../prisma/migrations/migrate.ts";
import type { DatabaseName } from "../../prisma/migrations/migration-files.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Where tests ask for databases: POST /<name> answers with a URL, DELETE /<database> drops. */
    databaseDesk: string;
  }
}

/** Tests need no durability, and nearly all of a new database's time is waiting for the disk. */
const SETTINGS = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  // Of relays and processors of several tests that run at the same time, in two files.
  max_connections: "400",
};

/**
 * One PostgreSQL for the whole run, started when the first test asks for a database. Workers come
 * and go, so they ask over HTTP, here in the process that outlives them.
 */
export default async function serveDatabases(project: TestProject): Promise<() => Promise<void>> {
  const home = await mkdtemp(join(tmpdir(), "cardlane-test-"));
  // Also when Ctrl-C ends the run. The server ends by itself, but its files are tens of megabytes.
  const tidyUp = () => rmSync(home, { recursive: true, force: true, maxRetries: 3 });
  process.on("exit", tidyUp);
  const databases = new TestDatabases(join(home, "postgres"));
  const desk = createServer((request, response) => {
    databases.answer(request).then(
      (answer) => response.end(answer),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  desk.listen(0, "127.0.0.1");
  await once(desk, "listening");
  const address = desk.address();
  if (address === null || typeof address === "string") throw new Error("bug: not a TCP address");
  project.provide("databaseDesk", `http://127.0.0.1:${address.port}`);

  return async () => {
    desk.close();
    desk.closeAllConnections();
    await databases.stop();
    process.off("exit", tidyUp);
    tidyUp();
  };
}

class TestDatabases {
  readonly #dataDirectory: string;
  readonly #templates = new Map<string, Promise<string>>();
  #starting: Promise<EmbeddedPostgres> | undefined;
  #created = 0;

  constructor(dataDirectory: string) {
    this.#dataDirectory = dataDirectory;
  }

  async answer({ method, url = "/" }: IncomingMessage): Promise<string> {
    const name = url.slice(1);
    if (method === "DELETE") return await this.#run(`DROP DATABASE "${name}" WITH (FORCE)`);
    if (name !== "relay" && name !== "processor") throw new Error(`no database is named ${name}`);
    return await this.#clone(name);
  }

  async stop(): Promise<void> {
    await (await this.#starting)?.stop();
  }

  async #clone(name: DatabaseName): Promise<string> {
    const postgres = await this.#start();
    const template = this.#templates.get(name) ?? this.#makeTemplate(name);
    this.#templates.set(name, template);
    this.#created += 1;
    const database = `${name}_${this.#created}`;
    await this.#run(`CREATE DATABASE "${database}" TEMPLATE "${await template}"`);
    return postgres.url(database);
  }

  async #makeTemplate(name: DatabaseName): Promise<string> {
    const postgres = await this.#start();
    const template = `${name}_template`;
    await postgres.createDatabase(template);
    await applyMigrations({ name, databaseUrl: postgres.url(template) });
    return template;
  }

  async #run(statement: string): Promise<string> {
    const postgres = await this.#start();
    const client = new pg.Client(postgres.connectionOptions("postgres"));
    await client.connect();
    await client.query(statement);
    await client.end();
    return "";
  }

  #start(): Promise<EmbeddedPostgres> {
    this.#starting ??= startEmbeddedPostgres({
      dataDirectory: this.#dataDirectory,
      settings: SETTINGS,
    });
    return this.#starting;
  }
}
