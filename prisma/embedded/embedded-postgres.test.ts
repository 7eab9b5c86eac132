import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "./embedded-postgres.ts";

let home: string;
let dataDirectory: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "cardlane-embedded-"));
  dataDirectory = join(home, "postgres");
});

afterAll(async () => {
  await rm(home, { recursive: true });
});

test("data is kept between starts", async () => {
  await using first = await startEmbeddedPostgres({ dataDirectory });
  expect(await first.createDatabase("relay")).toBe("created");
  expect(await first.createDatabase("relay")).toBe("already there");
  await query(first, "CREATE TABLE kept AS SELECT 1250 AS amount_minor");
  await first.stop();

  await using second = await startEmbeddedPostgres({ dataDirectory });
  expect(await query(second, "SELECT amount_minor FROM kept")).toEqual([{ amount_minor: 1250 }]);
});

test("it is durable, and reached from this machine only", async () => {
  await using postgres = await startEmbeddedPostgres({ dataDirectory });
  const settings = "listen_addresses, fsync, synchronous_commit, unix_socket_directories".split(
    ", ",
  );
  const sql = `SELECT ${settings.map((name) => `current_setting('${name}') AS ${name}`)}`;
  expect(await query(postgres, sql)).toEqual([
    {
      listen_addresses: "127.0.0.1",
      fsync: "on",
      synchronous_commit: "on",
      unix_socket_directories: "",
    },
  ]);
});

test("its password is random, needed, and nobody else's to read", async () => {
  await using postgres = await startEmbeddedPostgres({ dataDirectory });
  const path = join(dataDirectory, "password");
  expect(await readFile(path, "utf8")).toMatch(/^[0-9a-f]{48}$/);
  expect((await stat(path)).mode & 0o777).toBe(0o600);

  const options = { ...postgres.connectionOptions("postgres"), password: "a guess" };
  await expect(new pg.Client(options).connect()).rejects.toThrow("password authentication failed");
});

test("a second start says who holds the data", async () => {
  await using holder = await startInOtherProcess();
  const message =
    `the database in ${dataDirectory} is in use by process ${holder.program.pid} ` +
    `(port ${holder.port}): stop that first`;
  await expect(startEmbeddedPostgres({ dataDirectory })).rejects.toThrow(
    expect.objectContaining({ reason: "data in use", message }),
  );
});

test("two starts at the same time: one runs, the other says so", async () => {
  const starts = await Promise.allSettled([
    startEmbeddedPostgres({ dataDirectory }),
    startEmbeddedPostgres({ dataDirectory }),
  ]);
  const running = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  const refused = starts.flatMap((start) => (start.status === "rejected" ? [start.reason] : []));
  await Promise.all(running.map((postgres) => postgres.stop()));
  expect(running).toHaveLength(1);
  expect(refused).toEqual([expect.objectContaining({ reason: "data in use" })]);
});

test("a program killed with its server running does not block the next start", async () => {
  await using holder = await startInOtherProcess();
  holder.program.kill("SIGKILL");
  await once(holder.program, "exit");
  await using postgres = await startEmbeddedPostgres({ dataDirectory });
  expect(await query(postgres, "SELECT amount_minor FROM kept")).toEqual([{ amount_minor: 1250 }]);
});

test("a killed server is noticed, and does not block the next start", async () => {
  await using killed = await startEmbeddedPostgres({ dataDirectory });
  process.kill(killed.pid, "SIGKILL");
  await killed.ended;
  await using postgres = await startEmbeddedPostgres({ dataDirectory });
  expect(await query(postgres, "SELECT amount_minor FROM kept")).toEqual([{ amount_minor: 1250 }]);
});

test("a number left by a killed server may belong to another process now", async () => {
  await using killed = await startEmbeddedPostgres({ dataDirectory });
  process.kill(killed.pid, "SIGKILL");
  await killed.ended;
  const { uid, gid } = await stat(dataDirectory);
  const other = spawn("sleep", ["60"], { uid, gid });
  const pidFile = join(dataDirectory, "cluster", "postmaster.pid");
  const left = await readFile(pidFile, "utf8");
  await writeFile(pidFile, left.replace(/^\d+/, String(other.pid)));

  await using postgres = await startEmbeddedPostgres({ dataDirectory });
  expect(await query(postgres, "SELECT amount_minor FROM kept")).toEqual([{ amount_minor: 1250 }]);
  expect(other.kill()).toBe(true);
});

test("a port that is taken is named", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as { port: number };
  await expect(startEmbeddedPostgres({ dataDirectory, port })).rejects.toThrow(
    `port ${port} is in use by another program`,
  );
  taken.close();
});

test("a setting that PostgreSQL refuses is passed on in its words", async () => {
  const settings = { shared_buffers: "a lot" };
  await expect(startEmbeddedPostgres({ dataDirectory, settings })).rejects.toThrow(
    'invalid value for parameter "shared_buffers": "a lot"',
  );
});

async function query(postgres: EmbeddedPostgres, sql: string): Promise<unknown[]> {
  const client = new pg.Client(postgres.url("relay"));
  await client.connect();
  const { rows } = await client.query(sql);
  await client.end();
  return rows;
}

interface OtherProcess extends AsyncDisposable {
  readonly program: ChildProcess;
  readonly port: number;
}

async function startInOtherProcess(): Promise<OtherProcess> {
  const code = `
    import { startEmbeddedPostgres } from "${new URL("./embedded-postgres.ts", import.meta.url)}";
    const { port } = await startEmbeddedPostgres({ dataDirectory: process.argv[1] });
    console.log(port);
  `;
  const program = spawn(process.execPath, ["--input-type=module", "-e", code, dataDirectory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [port] = await once(createInterface(program.stdout), "line");
  const ended = once(program, "exit");
  return {
    program,
    port: Number(port),
    [Symbol.asyncDispose]: async () => {
      program.kill("SIGKILL");
      await ended;
    },
  };
}
