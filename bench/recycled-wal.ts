import pg from "pg";
import type { ConnectionOptions } from "../prisma/postgres-cluster.ts";

/** What PostgreSQL writes between two checkpoints at its default max_wal_size, and some more. */
const SEGMENTS = 40;
/** Fills most of a segment of 16 MiB. */
const SEGMENT_CHARACTERS = 15_000_000;

/**
 * Makes a new server's log like that of one that has been running for a while: its files are there
 * already and are used again. A new server writes 16 MiB of zeros for each while commits wait, some
 * 40 ms every few seconds, and a run of ten seconds would tell mostly of that.
 */
export async function recycleWal(server: ConnectionOptions): Promise<void> {
  const client = new pg.Client(server);
  await client.connect();
  try {
    await client.query("ALTER SYSTEM SET min_wal_size = '1GB'");
    await client.query("SELECT pg_reload_conf()");
    for (let segment = 0; segment < SEGMENTS; segment += 1) {
      await client.query(
        "SELECT pg_logical_emit_message(false, 'bench', repeat('x', $1)), pg_switch_wal()",
        [SEGMENT_CHARACTERS],
      );
    }
    await client.query("CHECKPOINT");
  } finally {
    await client.end();
  }
}
