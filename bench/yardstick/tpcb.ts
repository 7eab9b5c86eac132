import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { ConnectionOptions } from "../../prisma/embedded/postgres-cluster.ts";
import { environment } from "../../settings/environment.ts";
import { secondsOfEndedChildren } from "../cpu/process-use.ts";
import { type FoundPgbench, findPgbench } from "./find-pgbench.ts";
import { type Tpcb, TpcbDriver, vacuumTpcb } from "./tpcb-driver.ts";

/** `pgbench`; where it cannot be had, the same transactions from Node. */
export async function findTpcb(database: ConnectionOptions): Promise<Tpcb> {
  const pgbench = await findPgbench();
  return pgbench === undefined ? new TpcbDriver(database) : new Pgbench(pgbench, database);
}

class Pgbench implements Tpcb {
  readonly driver: string;
  readonly #found: FoundPgbench;
  readonly #database: ConnectionOptions;

  constructor(found: FoundPgbench, database: ConnectionOptions) {
    this.driver = found.name;
    this.#found = found;
    this.#database = database;
  }

  async initialise(scale: number): Promise<void> {
    await this.#pgbench(["--initialize", "--quiet", `--scale=${scale}`]);
  }

  vacuum(): Promise<void> {
    return vacuumTpcb(this.#database);
  }

  async run(clients: number, durationMs: number) {
    const seconds = Math.max(1, Math.round(durationMs / 1_000));
    const threads = Math.min(2, clients);
    const before = secondsOfEndedChildren();
    const said = await this.#pgbench([
      "--no-vacuum",
      `--client=${clients}`,
      `--jobs=${threads}`,
      `--time=${seconds}`,
    ]);
    // The only child that has ended meanwhile.
    const clientSeconds = secondsOfEndedChildren() - before;
    return { ...parsePgbench(said), clientSeconds };
  }

  async #pgbench(args: readonly string[]): Promise<string> {
    const { host, port, user, password, database } = this.#database;
    const env = {
      ...environment,
      ...this.#found.environment,
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: user,
      PGPASSWORD: password,
      PGDATABASE: database,
    };
    const { stdout } = await promisify(execFile)(this.#found.file, args, { env });
    return stdout;
  }
}

/**
 * What `pgbench` prints in the end.
 *
 * @throws Error when it was not all: a client that gave up makes every figure smaller.
 */
export function parsePgbench(said: string): {
  readonly transactions: number;
  readonly perSecond: number;
} {
  const transactions = /^number of transactions actually processed: (\d+)$/m.exec(said)?.[1];
  // "tps = 1234.5 (without initial connection time)"; version 13 and older say "excluding".
  const perSecond = /^tps = ([\d.]+) \((?:without|excluding)/m.exec(said)?.[1];
  const failed = /^number of failed transactions: ([1-9]\d*)/m.exec(said)?.[1];
  // Then it says nothing of a rate: a machine that is busy enough lets it do nothing at all.
  if (transactions === "0" && failed === undefined) return { transactions: 0, perSecond: 0 };
  if (transactions === undefined || perSecond === undefined || failed !== undefined) {
    throw new Error(`pgbench did not say how many transactions it did: ${said}`);
  }
  return { transactions: Number(transactions), perSecond: Number(perSecond) };
}
