import { execFile } from "node:child_process";
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { TOOLS } from "../../test/fixtures/grpcurl.ts";
import { isCi } from "../../test/fixtures/required.ts";

const run = promisify(execFile);

/** The variant for programs with threads. */
const LIBRARY = "faketime/libfaketimeMT.so.1";
const DOWNLOAD = ["download", "libfaketime"];
const HOME = join(TOOLS, "faketime");

/**
 * Debian's libfaketime: the machine's own, or one that is unpacked beside the other tools.
 *
 * @returns its path; undefined where it cannot be had, but never in CI, which must have it.
 */
export async function findFaketime(): Promise<string | undefined> {
  const found = installed() ?? (await unpack());
  if (found === undefined && isCi)
    throw new Error("CI needs libfaketime: apt-get install faketime");
  return found;
}

function installed(): string | undefined {
  return ["/usr", join(HOME, "usr")].flatMap((root) => globSync(join(root, "lib/*", LIBRARY)))[0];
}

/** Needs Debian's package lists, which root can fetch, but no right to install anything. */
async function unpack(): Promise<string | undefined> {
  if (!existsSync("/usr/bin/apt-get") || !existsSync("/usr/bin/dpkg-deb")) return undefined;
  const cwd = mkdtempSync(join(tmpdir(), "cardlane-faketime-"));
  try {
    await run("apt-get", DOWNLOAD, { cwd }).catch(async (error: unknown) => {
      if (process.getuid?.() !== 0) throw error;
      await run("apt-get", ["update"]);
      await run("apt-get", DOWNLOAD, { cwd });
    });
    const [archive] = readdirSync(cwd).filter((name) => name.endsWith(".deb"));
    if (archive === undefined) return undefined;
    mkdirSync(HOME, { recursive: true });
    await run("dpkg-deb", ["--extract", archive, HOME], { cwd });
    return installed();
  } catch {
    // No such package, no lists, no network: the run says that it leaves clocks alone.
    return undefined;
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}
