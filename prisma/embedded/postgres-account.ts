import { readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { environment } from "../../settings/environment.ts";
import { EmbeddedPostgresError } from "../postgres-error.ts";

/** A user of this machine, in whose name a program runs and a file is owned. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** What to hand to spawn. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly options: Partial<Account> & { cwd: string; env: NodeJS.ProcessEnv };
}

/** In order of preference; every Unix has the second one. */
const ACCOUNT_NAMES = ["postgres", "nobody"];

/**
 * PostgreSQL refuses to run as root. Root therefore runs it as the owner of its data, and at first
 * as an account made for such a purpose. Everybody else runs it as themselves: `undefined`.
 *
 * @throws EmbeddedPostgresError when there is no such account
 */
export async function accountFor(dataDirectory: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(dataDirectory).catch(() => undefined);
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };

  const users = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  for (const wanted of ACCOUNT_NAMES) {
    const [, , uid, gid] = users.find(([name]) => name === wanted) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new EmbeddedPostgresError(
    "cannot run",
    "PostgreSQL does not run as root, and there is no user postgres or nobody to run it as",
  );
}

/**
 * The command that runs a program as that account, which must be able to reach `paths`.
 *
 * Root's own folders are closed to others, and a clone may be in one of them. On Linux the program
 * then gets the one right that it needs to go through them; its files stay the account's.
 */
export async function commandAs(
  account: Account | undefined,
  { file, args, paths }: { file: string; args: readonly string[]; paths: readonly string[] },
): Promise<Command> {
  // The current folder may be closed to that account; nothing else of the environment is needed.
  const options = { cwd: "/", env: { PATH: environment.PATH, LC_ALL: "C" } };
  if (account === undefined) return { file, args, options };
  const reached = await Promise.all(paths.map((path) => canReach(account, path)));
  if (!reached.includes(false)) return { file, args, options: { ...options, ...account } };
  if (process.platform !== "linux") {
    const where = paths.join(" and ");
    throw new EmbeddedPostgresError(
      "cannot run",
      `as root, PostgreSQL runs as user ${account.uid}, who cannot reach ${where}`,
    );
  }
  const capability = "+dac_override";
  return {
    file: "setpriv",
    args: [
      `--reuid=${account.uid}`,
      `--regid=${account.gid}`,
      "--clear-groups",
      `--inh-caps=${capability}`,
      `--ambient-caps=${capability}`,
      // The right holds for access(2), too, by which PostgreSQL looks for its own programs.
      "--securebits=+no_setuid_fixup",
      file,
      ...args,
    ],
    options,
  };
}

/** Whether every folder above the path may be entered. */
async function canReach({ uid, gid }: Account, path: string): Promise<boolean> {
  const parent = dirname(path);
  if (parent === path) return true;
  const folder = await stat(parent);
  const mayEnter = folder.uid === uid ? 0o100 : folder.gid === gid ? 0o010 : 0o001;
  return (folder.mode & mayEnter) !== 0 && (await canReach({ uid, gid }, parent));
}
