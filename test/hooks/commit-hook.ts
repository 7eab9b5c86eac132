import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Outcome } from "../source-checks.ts";

/** Says whose hook it is. A hook without this line is somebody else's, and is left alone. */
const OURS = "# cardlane: format, lint and types of a commit. Written by: npm run hooks";

/** npm finds the script of the checkout that is committed from; an old one may have none. */
const HOOK = `#!/bin/sh
${OURS}
exec npm run --silent --if-present check:staged
`;

/** Has git check each commit, in every worktree of the repository. */
export function installHook(repository: string): Outcome {
  const place = hookPlace(repository);
  if (typeof place !== "string") return place;
  if (existsSync(place) && !isOurs(place)) return { passed: false, says: foreign(place) };
  mkdirSync(dirname(place), { recursive: true });
  writeFileSync(place, HOOK, { mode: 0o755 });
  return { passed: true, says: `${place} checks each commit; npm run hooks -- --remove ends it` };
}

export function removeHook(repository: string): Outcome {
  const place = hookPlace(repository);
  if (typeof place !== "string") return place;
  if (!existsSync(place)) return { passed: true, says: `there is no hook at ${place}` };
  if (!isOurs(place)) return { passed: false, says: foreign(place) };
  rmSync(place);
  return { passed: true, says: `${place} is removed: commits are no longer checked` };
}

/** Path of the hook, or why there is none that this project may write. */
function hookPlace(repository: string): string | Outcome {
  const common = revParse(repository, "--git-common-dir");
  const hooks = revParse(repository, "--git-path", "hooks");
  if (common === undefined || hooks === undefined) {
    return { passed: false, says: `${repository} is no git repository: there is nothing to hook` };
  }
  // With core.hooksPath they may be those of all repositories of this person.
  if (hooks !== join(common, "hooks")) {
    return {
      passed: false,
      says: `core.hooksPath is set to ${hooks}: call "npm run check:staged" from the hooks there`,
    };
  }
  return join(hooks, "pre-commit");
}

/** Absolute; undefined where git knows no repository. */
function revParse(repository: string, ...what: readonly string[]): string | undefined {
  const options = { cwd: repository, encoding: "utf8" } as const;
  const { status, stdout } = spawnSync("git", ["rev-parse", ...what], options);
  return status === 0 ? resolve(repository, stdout.trim()) : undefined;
}

function isOurs(path: string): boolean {
  return readFileSync(path, "utf8").split("\n").includes(OURS);
}

function foreign(path: string): string {
  return `${path} is not this project's and stays as it is: call "npm run check:staged" in it`;
}
