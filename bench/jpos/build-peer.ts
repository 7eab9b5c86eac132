import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const BUILD_MS_MAX = 120_000;
/** Beside what other tools of this checkout keep; nothing of it is in the repository. */
const BUILD = join(import.meta.dirname, "../../.cardlane/jpos");

/** The class path of the peer, or why there is none. */
type PeerBuild = { readonly classPath: string } | { readonly leftOut: string };

/** Lets Maven fetch jPOS and compile the peer; what is there already is kept. */
export async function buildPeer(): Promise<PeerBuild> {
  for (const [program, asked] of [
    ["java", "-version"],
    ["mvn", "--version"],
  ] as const) {
    if (!(await isThere(program, asked))) return { leftOut: `no ${program} found` };
  }
  const goals = ["compile", "dependency:copy-dependencies"];
  const options = ["--quiet", "--batch-mode", "--file", join(import.meta.dirname, "pom.xml")];
  try {
    await run("mvn", [...options, `-Dpeer.build=${BUILD}`, ...goals], { timeout: BUILD_MS_MAX });
  } catch (error) {
    return { leftOut: `Maven did not build it: ${firstErrorOf(error)}` };
  }
  return { classPath: `${join(BUILD, "classes")}:${join(BUILD, "dependency", "*")}` };
}

async function isThere(program: string, asked: string): Promise<boolean> {
  return await run(program, [asked]).then(
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
