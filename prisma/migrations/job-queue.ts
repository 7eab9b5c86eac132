import { Logger, runMigrations } from "graphile-worker";

/**
 * Brings graphile-worker's own schema, `graphile_worker`, into the relay's database. The statement
 * that completes a record calls its functions, so it must be there before the first payment.
 */
export async function installJobQueue(databaseUrl: string): Promise<void> {
  await runMigrations({ connectionString: databaseUrl, logger: SILENT });
}

const SILENT = new Logger(() => () => undefined);
