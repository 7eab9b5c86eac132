import { Socket } from "node:net";
import pg from "pg";
import { expect, test } from "vitest";
import { freshDatabase } from "../test/setup/database.ts";
import { HotDatabase } from "./hot-database.ts";

const BACKEND = { name: "backend", text: "SELECT pg_backend_pid() AS pid" };
const SLEEP = { name: "sleep", text: "SELECT pg_sleep(60)" };
const DIVIDE = { name: "divide", text: "SELECT 1 / $1::int AS quotient" };

/** A database, and somebody else who is connected to it. */
async function openDatabase() {
  await using stack = new AsyncDisposableStack();
  const { url } = stack.use(await freshDatabase("relay"));
  const operator = stack.adopt(new pg.Client({ connectionString: url }), (each) => each.end());
  await operator.connect();
  const lost: unknown[] = [];
  const sockets: Socket[] = [];
  const stream = () => {
    const socket = new Socket();
    sockets.push(socket);
    return socket;
  };
  const pool = new pg.Pool({ connectionString: url, stream });
  pool.on("remove", (client) => lost.push(client));
  const options = { before: () => undefined, notReached: "it is away", connection: {} };
  const database = stack.use(new HotDatabase({ ...options, source: pool }));
  const moved = stack.move();
  return { operator, database, sockets, lost, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

type Bed = Awaited<ReturnType<typeof openDatabase>>;

async function pidOf(database: HotDatabase): Promise<unknown> {
  const [row] = await database.run<{ pid: number }>(BACKEND, []);
  return row?.pid;
}

test("a connection that breaks while it is idle is replaced, and ends nothing", async () => {
  await using bed = await openDatabase();
  const pid = await pidOf(bed.database);
  await bed.operator.query("SELECT pg_terminate_backend($1)", [pid]);
  await expect.poll(() => bed.lost.length).toBe(1);
  expect(await pidOf(bed.database)).not.toBe(pid);
});

test.each([
  {
    how: "PostgreSQL ends it",
    cut: async ({ operator }: Bed, pid: unknown) => {
      await operator.query("SELECT pg_terminate_backend($1)", [pid]);
    },
  },
  {
    how: "the network does",
    cut: async ({ sockets }: Bed) => {
      for (const socket of sockets) socket.destroy(new Error("reset"));
    },
  },
])("a statement whose connection breaks is not reached, the next is: $how", async ({ cut }) => {
  await using bed = await openDatabase();
  const pid = await pidOf(bed.database);
  const sleeping = bed.database.run(SLEEP, []);
  const failed = expect(sleeping).rejects.toMatchObject({
    code: "STORE_NOT_REACHED",
    message: "it is away",
  });
  await expect.poll(() => isAsleep(bed.operator, pid)).toBe(true);
  await cut(bed, pid);
  await failed;
  expect(await pidOf(bed.database)).not.toBe(pid);
  await bed.operator.query("SELECT pg_terminate_backend($1)", [pid]);
});

test("what PostgreSQL refuses is told as such, and the connection is kept", async () => {
  await using bed = await openDatabase();
  const pid = await pidOf(bed.database);
  await expect(bed.database.run(DIVIDE, [0])).rejects.toMatchObject({ code: "22012" });
  expect(await bed.database.run(DIVIDE, [1])).toEqual([{ quotient: 1 }]);
  expect(await pidOf(bed.database)).toBe(pid);
  expect(bed.lost).toEqual([]);
});

async function isAsleep(operator: pg.Client, pid: unknown): Promise<boolean> {
  const sql = "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'";
  return (await operator.query(sql, [pid])).rowCount === 1;
}
