import { globSync } from "node:fs";
import { join } from "node:path";
import { TOOLS } from "../../test/fixtures/grpcurl.ts";
import { isCi } from "../../test/fixtures/required.ts";
import { unpackDebian } from "../../test/polyglot/debian-package.ts";

/** The variant for programs with threads. */
const LIBRARY = "faketime/libfaketimeMT.so.1";
const HOME = join(TOOLS, "faketime");

/**
 * Debian's libfaketime: the machine's own, or one that is unpacked beside the other tools.
 *
 * @returns its path; undefined where it cannot be had, but never in CI, which must have it. Then
 *   the run says that it leaves clocks alone.
 */
export async function findFaketime(): Promise<string | undefined> {
  const found =
    installed() ?? ((await unpackDebian("libfaketime", HOME)) ? installed() : undefined);
  if (found === undefined && isCi)
    throw new Error("CI needs libfaketime: apt-get install faketime");
  return found;
}

function installed(): string | undefined {
  return ["/usr", join(HOME, "usr")].flatMap((root) => globSync(join(root, "lib/*", LIBRARY)))[0];
}
