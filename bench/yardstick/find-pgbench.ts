import { execFile } from "node:child_process";
import { accessSync, constants, globSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { findPrograms } from "../../prisma/embedded/postgres-cluster.ts";
import { environment } from "../../settings/environment.ts";
import { TOOLS } from "../../test/fixtures/grpcurl.ts";
import { unpackDebian } from "../../test/polyglot/debian-package.ts";

const run = promisify(execFile);

const DEBIAN = "usr/lib/postgresql/*/bin/pgbench";
const HOME = join(TOOLS, "pgbench");

/** A `pgbench` that runs. */
export interface FoundPgbench {
  readonly file: string;
  /** "pgbench (PostgreSQL) 15.18": of this machine, unless it says otherwise. */
  readonly name: string;
  /** What it needs to find its libraries. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The machine's own, else Debian's, unpacked beside the other tools. */
export async function findPgbench(): Promise<FoundPgbench | undefined> {
  const own = newestOf("/") ?? onPath();
  if (own !== undefined) return await asked({ file: own, environment: {} }, "");
  const unpacked = newestOf(HOME) ?? (await unpack());
  if (unpacked === undefined) return undefined;
  const LD_LIBRARY_PATH = join(dirname((await findPrograms()).postgres), "..", "lib");
  return await asked({ file: unpacked, environment: { LD_LIBRARY_PATH } }, ", unpacked");
}

/** Undefined when it does not start. */
async function asked(
  found: Omit<FoundPgbench, "name">,
  whence: string,
): Promise<FoundPgbench | undefined> {
  try {
    const env = { ...environment, ...found.environment };
    const { stdout } = await run(found.file, ["--version"], { env });
    return { ...found, name: `${stdout.trim()}${whence}` };
  } catch {
    return undefined;
  }
}

/** Of the version that Debian's package `postgresql` stands for. */
async function unpack(): Promise<string | undefined> {
  const said = await run("apt-cache", ["depends", "postgresql"]).catch(() => ({ stdout: "" }));
  const server = /Depends: (postgresql-\d+)$/m.exec(said.stdout)?.[1];
  if (server === undefined || !(await unpackDebian(server, HOME))) return undefined;
  return newestOf(HOME);
}

function newestOf(root: string): string | undefined {
  const byVersion = new Intl.Collator("en", { numeric: true }).compare;
  return globSync(join(root, DEBIAN)).sort(byVersion).reverse().find(isExecutable);
}

function onPath(): string | undefined {
  const folders = (environment.PATH ?? "").split(delimiter);
  return folders.map((folder) => join(folder, "pgbench")).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
