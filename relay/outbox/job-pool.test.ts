import { expect, test } from "vitest";
import { freshDatabase } from "../../test/setup/database.ts";
import { JobPool } from "./job-runner.ts";

async function startPool() {
  const database = await freshDatabase("relay");
  const pool = new JobPool({ connectionString: database.url, max: 1 });
  return {
    pool,
    async [Symbol.asyncDispose]() {
      await pool.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

test("a connection that is given back twice is given back", async () => {
  await using started = await startPool();
  const { pool } = started;
  const given = Promise.withResolvers<void>();
  pool.connect((error, _client, release) => {
    release();
    release();
    if (error === undefined || error === null) given.resolve();
    else given.reject(error);
  });
  await given.promise;
  expect(pool.idleCount).toBe(1);
  expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});

test("a connection that is given back as broken is not used again", async () => {
  await using started = await startPool();
  const { pool } = started;
  const given = Promise.withResolvers<void>();
  pool.connect((_error, _client, release) => {
    release(new Error("broken"));
    release();
    given.resolve();
  });
  await given.promise;
  expect(pool.idleCount).toBe(0);
  expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});

test("by promise it is a pool like any other", async () => {
  await using started = await startPool();
  const client = await started.pool.connect();
  expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  client.release();
  expect(started.pool.idleCount).toBe(1);
});
