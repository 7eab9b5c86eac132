import pg from "pg";

/** Where a report is read, and as whom. */
type ReportAddress = Pick<pg.ClientConfig, "connectionString" | "application_name" | "types"> & {
  readonly connectionTimeoutMillis: number;
};

/**
 * The rows of one statement over a whole table, in pages of up to `size`, as of one moment.
 * On a connection of its own: those of payments have a short patience, and plan for single rows.
 *
 * @throws whatever pg throws.
 */
export async function* reportPages<Row extends pg.QueryResultRow>(
  address: ReportAddress,
  text: string,
  size: number,
): AsyncGenerator<readonly Row[]> {
  const client = new pg.Client(address);
  // The next statement tells it; unheard, a database that goes now would end the program.
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    await client.query(`DECLARE report NO SCROLL CURSOR FOR ${text}`);
    for (;;) {
      const { rows } = await client.query<Row>(`FETCH ${size} FROM report`);
      if (rows.length === 0) return;
      yield rows;
    }
  } finally {
    // Also when nobody wants the rest: what runs ends with its connection.
    await client.end();
  }
}
