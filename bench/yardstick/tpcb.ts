import { execFile } from "node:child_process";
import { accessSync, constants, globSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import type { ConnectionOptions } from "../../prisma/embedded/postgres-cluster.ts";
import { environment } from "../../settings/environment.ts";
import { type Tpcb, TpcbDriver } from "./tpcb-driver.ts";

/** `pgbench` of this machine; where there is none, the same transactions from Node. */
export async function findTpcb(database: ConnectionOptions): Promise<Tpcb> {
  const pgbench = findPgbench();
  if (pgbench === undefined) return new TpcbDriver(database);
  const { stdout } = await promisify(execFile)(pgbench, ["--version"]);
  return new Pgbench(pgbench, stdout.trim(), database);
}

class Pgbench implements Tpcb {
  readonly driver: string;
  readonly #file: string;
  readonly #database: ConnectionOptions;

  constructor(file: string, driver: string, database: ConnectionOptions) {
    this.#file = file;
    this.driver = driver;
    this.#database = database;
  }

  async initialise(scale: number): Promise<void> {
    await this.#pgbench(["--initialize", "--quiet", `--scale=${scale}`]);
  }

  async run(clients: number, durationMs: number): Promise<number> {
    const seconds = Math.max(1, Math.round(durationMs / 1_000));
    const threads = Math.min(2, clients);
    const said = await this.#pgbench([
      "--no-vacuum",
      `--client=${clients}`,
      `--jobs=${threads}`,
      `--time=${seconds}`,
    ]);
    // "tps = 1234.5 (without initial connection time)"; version 13 and older say "excluding".
    const found = /tps = ([\d.]+) \((?:without|excluding)/.exec(said);
    if (found === null) throw new Error(`pgbench said nothing of tps: ${said}`);
    return Number(found[1]);
  }

  async #pgbench(args: readonly string[]): Promise<string> {
    const { host, port, user, password, database } = this.#database;
    const env = {
      ...environment,
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: user,
      PGPASSWORD: password,
      PGDATABASE: database,
    };
    const { stdout } = await promisify(execFile)(this.#file, args, { env });
    return stdout;
  }
}

/** On the PATH, or where Debian keeps it, the latest version first. */
function findPgbench(): string | undefined {
  const onPath = (environment.PATH ?? "").split(delimiter).map((folder) => join(folder, "pgbench"));
  const ofDebian = globSync("/usr/lib/postgresql/*/bin/pgbench").sort().reverse();
  return [...ofDebian, ...onPath].find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
