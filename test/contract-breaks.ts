import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** How a comparison of the contracts ended. */
interface Comparison {
  readonly passed: boolean;
  /** For a person: what would break, or why there was nothing to compare with. */
  readonly says: string;
}

/** @param root a clone: `proto` is compared as it lies there, with what its history has. */
export function compareWithMain(root: string): Comparison {
  // The branch main, however this clone knows it; on main itself, what was before.
  const branch = ["main", "origin/main"].find((one) => git(root, "cat-file", "-e", `${one}:proto`));
  const isOnMain =
    branch !== undefined && git(root, "diff", "--quiet", branch, "HEAD", "--", "proto");
  const earlier = isOnMain ? commitBeforeLastChange(root) : branch;
  if (earlier === undefined) {
    return { passed: true, says: "the branch main has no contracts yet to compare with" };
  }
  return compareWith(root, earlier);
}

/** Of the contracts; undefined when they never changed. */
function commitBeforeLastChange(root: string): string | undefined {
  const log = ["log", "--max-count=2", "--format=%H", "--", "proto"];
  const [, before] = outputOf(root, log).split("\n");
  return before;
}

/** Releases are tagged v1.2.3; the newest that this commit comes from counts. */
export function compareWithLastRelease(root: string): Comparison {
  const describe = ["describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"];
  const tag = outputOf(root, describe);
  if (tag === "") return { passed: true, says: "nothing has been released yet" };
  const { passed, says } = compareWith(root, tag);
  return { passed, says: says === "" ? tag : says };
}

/** @param commit branch or tag whose contracts ours must not break. */
function compareWith(root: string, commit: string): Comparison {
  const before = mkdtempSync(join(tmpdir(), "cardlane-contracts-"));
  try {
    const archive = join(before, "contracts.tar");
    // What the contracts import from packages is where buf.yaml says, then as now.
    for (const shared of ["buf.yaml", "node_modules"]) {
      symlinkSync(join(root, shared), join(before, shared));
    }
    if (!git(root, "archive", `--output=${archive}`, commit, "proto")) {
      return { passed: false, says: `${commit} has no contracts: is this a shallow clone?` };
    }
    spawnSync("tar", ["-xf", archive, "-C", before]);
    const options = { cwd: root, encoding: "utf8" } as const;
    const { status, stdout, stderr } = spawnSync("buf", ["breaking", "--against", before], options);
    return { passed: status === 0, says: stdout + stderr };
  } finally {
    rmSync(before, { recursive: true });
  }
}

function git(root: string, ...gitArguments: readonly string[]): boolean {
  return spawnSync("git", gitArguments, { cwd: root }).status === 0;
}

/** Empty when git refuses. */
function outputOf(root: string, gitArguments: readonly string[]): string {
  const { status, stdout } = spawnSync("git", gitArguments, { cwd: root, encoding: "utf8" });
  return status === 0 ? stdout.trim() : "";
}
