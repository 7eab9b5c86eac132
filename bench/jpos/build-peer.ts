import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { environment } from "../../settings/environment.ts";

const run = promisify(execFile);

const BUILD_MS_MAX = 120_000;
/** Beside what other tools of this checkout keep; nothing of it is in the repository. */
const BUILD = join(import.meta.dirname, "../../.cardlane/jpos");

/** The class path of the peer, or why there is none. */
type PeerBuild = { readonly classPath: string } | { readonly leftOut: string };

/**
 * Lets Maven fetch jPOS and compile the peer; what is there already is kept.
 *
 * @param path where both programs are looked for.
 */
export async function buildPeer(path = environment.PATH): Promise<PeerBuild> {
  const env = { ...environment, PATH: path };
  for (const [program, asked] of [
    ["java", "-version"],
    ["mvn", "--version"],
  ] as const) {
    if (!(await isThere(program, asked, env))) return { leftOut: `no ${program} found` };
  }
  const goals = ["compile", "dependency:copy-dependencies"];
  const options = ["--quiet", "--batch-mode", "--file", join(import.meta.dirname, "pom.xml")];
  try {
    const args = [...options, `-Dpeer.build=${BUILD}`, ...goals];
    await run("mvn", args, { timeout: BUILD_MS_MAX, env });
  } catch (error) {
    return { leftOut: `Maven did not build it: ${firstErrorOf(error)}` };
  }
  return { classPath: `${join(BUILD, "classes")}:${join(BUILD, "dependency", "*")}` };
}

async function isThere(
  program: string,
  asked: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<boolean> {
  return await run(program, [asked], { env }).then(
    () => true,
    () => false,
  );
}

/** Maven says on standard output what was wrong. */
function firstErrorOf(error: unknown): string {
  const said = error instanceof Error && "stdout" in error ? String(error.stdout) : String(error);
  const line = said.split("\n").find((one) => one.includes("ERROR")) ?? said.split("\n", 1)[0];
  return (line ?? "").slice(0, 200);
}
