import pg from "pg";
import type { Mesh } from "../dev-mesh/mesh-processes.ts";
import type { OTHER_RELAY } from "./relay-names.ts";

export type DatabaseName = "relay" | "processor" | typeof OTHER_RELAY;

/** Both databases as an operator of PostgreSQL sees them, past every proxy. */
export class Databases {
  readonly #mesh: Mesh;

  constructor(mesh: Mesh) {
    this.#mesh = mesh;
  }

  async query<Row extends pg.QueryResultRow>(
    database: DatabaseName,
    text: string,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    const client = new pg.Client({
      ...this.#mesh.postgres.connectionOptions(database),
      types: { getTypeParser },
    });
    // It may be killed under us; the query then fails, and that is enough.
    client.on("error", () => undefined);
    await client.connect();
    try {
      return (await client.query<Row>(text, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  /** Ends every connection of the programs to a database, whatever they are at. */
  async endConnections(database: DatabaseName): Promise<void> {
    await this.query(
      database,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
  }
}

const INT8_OID = 20;

/** 64-bit integers as bigint; the rest as usual. */
function getTypeParser(oid: number, format?: "text" | "binary") {
  return oid === INT8_OID ? BigInt : pg.types.getTypeParser(oid, format);
}
