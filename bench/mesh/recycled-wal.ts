import pg from "pg";
import type { ConnectionOptions } from "../../prisma/embedded/postgres-cluster.ts";

/** What PostgreSQL writes between two checkpoints at its default max_wal_size, and some more. */
const SEGMENTS = 40;
/** Fills most of a segment of 16 MiB. */
const SEGMENT_CHARACTERS = 15_000_000;

/** So much is kept for use again, and no checkpoint begins by itself: they come between runs. */
const SETTINGS = { min_wal_size: "1GB", max_wal_size: "8GB", checkpoint_timeout: "1h" };

/**
 * Makes a new server's log like that of one that has been running for a while: its files are there
 * already and are used again. A new server writes 16 MiB of zeros for each while commits wait, some
 * 40 ms every few seconds, and a run of ten seconds would tell mostly of that.
 */
export async function recycleWal(server: ConnectionOptions): Promise<void> {
  await asked(server, async (client) => {
    for (const [name, value] of Object.entries(SETTINGS)) {
      await client.query(`ALTER SYSTEM SET ${name} = '${value}'`);
    }
    await client.query("SELECT pg_reload_conf()");
    for (let segment = 0; segment < SEGMENTS; segment += 1) {
      await client.query(
        "SELECT pg_logical_emit_message(false, 'bench', repeat('x', $1)), pg_switch_wal()",
        [SEGMENT_CHARACTERS],
      );
    }
    await client.query("CHECKPOINT");
  });
}

/** What was done before is written, so that it costs no run that follows. */
export async function checkpoint(server: ConnectionOptions): Promise<void> {
  await asked(server, async (client) => void (await client.query("CHECKPOINT")));
}

async function asked(
  server: ConnectionOptions,
  ask: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = new pg.Client(server);
  await client.connect();
  try {
    await ask(client);
  } finally {
    await client.end();
  }
}
