import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Unpacks a package of Debian into a folder. Needs Debian's package lists, which root can fetch,
 * but no right to install anything.
 *
 * @returns whether it was there to be had
 */
export async function unpackDebian(name: string, folder: string): Promise<boolean> {
  if (!existsSync("/usr/bin/apt-get") || !existsSync("/usr/bin/dpkg-deb")) return false;
  const cwd = mkdtempSync(join(tmpdir(), "cardlane-debian-"));
  const download = () => run("apt-get", ["download", name], { cwd });
  try {
    await download().catch(async (error: unknown) => {
      if (process.getuid?.() !== 0) throw error;
      await run("apt-get", ["update"]);
      await download();
    });
    const [archive] = readdirSync(cwd).filter((file) => file.endsWith(".deb"));
    if (archive === undefined) return false;
    mkdirSync(folder, { recursive: true });
    await run("dpkg-deb", ["--extract", archive, folder], { cwd });
    return true;
  } catch {
    return false; // No such package, no lists, no network.
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}
