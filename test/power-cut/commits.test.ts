import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kill } from "node:process";
import pg from "pg";
import { expect, test } from "vitest";
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from "../../prisma/embedded/embedded-postgres.ts";
import type { HotDatabase } from "../../prisma/hot-database.ts";
import { Database as ProcessorDatabase } from "../../processor/database.ts";
import { Database as RelayDatabase } from "../../relay/database.ts";

const DATABASE = "ledger";
const COMMITS = 5;

/** Nothing reaches the disk but what a commit waits for. */
const LAZY = { autovacuum: "off", checkpoint_timeout: "1h", wal_writer_delay: "10s" };
/** They write what others committed, sooner or later: a program must not hope for them. */
const BACKGROUND_WRITERS = ["walwriter", "checkpointer", "background writer"];

const DURABLE = [
  { name: "fsync", setting: "on" },
  { name: "full_page_writes", setting: "on" },
  { name: "synchronous_commit", setting: "on" },
];
const SETTINGS = {
  name: "settings",
  text: "SELECT name, setting FROM pg_settings WHERE name = ANY ($1::text[]) ORDER BY name",
};
const COMMIT = { name: "commit", text: "INSERT INTO said (program, number) VALUES ($1, $2)" };

const PROGRAMS: Readonly<Record<string, (url: string) => HotDatabase>> = {
  relay: (url) => new RelayDatabase(url),
  processor: (url) => new ProcessorDatabase({ url, program: "processor" }),
};

test("what a program was told is committed outlives PostgreSQL and its memory", async () => {
  await using home = await mkdtempDisposable(join(tmpdir(), "cardlane-commits-"));
  const dataDirectory = join(home.path, "postgres");
  const settings: unknown[] = [];
  const told: { readonly program: string; readonly number: number }[] = [];
  {
    await using postgres = await startEmbeddedPostgres({ dataDirectory, settings: LAZY });
    await postgres.createDatabase(DATABASE);
    await using operator = await connect(postgres);
    await operator.client.query("CREATE TABLE said (program text, number int)");
    using asleep = new DisposableStack();
    await using databases = new AsyncDisposableStack();
    for (const { pid, kind } of await processesOf(operator.client)) {
      if (!BACKGROUND_WRITERS.includes(kind)) continue;
      kill(pid, "SIGSTOP");
      asleep.defer(() => kill(pid, "SIGCONT"));
    }
    for (const [program, open] of Object.entries(PROGRAMS)) {
      const database = databases.use(open(postgres.url(DATABASE)));
      settings.push(await database.run(SETTINGS, [DURABLE.map(({ name }) => name)]));
      for (let number = 1; number <= COMMITS; number += 1) {
        await database.run(COMMIT, [program, number]);
        told.push({ program, number });
      }
    }
    const pids = (await processesOf(operator.client)).map(({ pid }) => pid);
    for (const pid of [postgres.pid, ...pids]) kill(pid, "SIGKILL");
    asleep.move(); // Nobody is left to be woken.
    await postgres.ended;
  }
  await using again = await startEmbeddedPostgres({ dataDirectory });
  await using operator = await connect(again);
  const { rows } = await operator.client.query("SELECT program, number FROM said");
  expect(rows).toEqual(told);
  expect(settings).toEqual([DURABLE, DURABLE]);
});

async function connect(postgres: EmbeddedPostgres) {
  const client = new pg.Client(postgres.connectionOptions(DATABASE));
  // It ends with the server.
  client.on("error", () => undefined);
  await client.connect();
  return { client, [Symbol.asyncDispose]: () => client.end() };
}

async function processesOf(client: pg.Client) {
  const sql = "SELECT pid, backend_type AS kind FROM pg_stat_activity";
  const { rows } = await client.query<{ pid: number; kind: string }>(sql);
  return rows;
}
