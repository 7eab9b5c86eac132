// Other teams' tools and languages against a real mesh: npm run test:polyglot
//
// Installs what is missing, each by its own package manager and pinned, and runs everything. What
// cannot be installed on this machine is named and left out; in CI (CI=true) that is a failure.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { installGoTool } from "../mesh/grpcurl.ts";
import { REQUIRED } from "./required.ts";

const root = join(import.meta.dirname, "../..");
const isCi = process.env.CI === "true";
const leftOut: string[] = [];
const failed: string[] = [];

/** Clients in other languages; each folder has its own tests. */
const LANGUAGES = [
  { name: "Go", folder: "clients/go", needs: "go", steps: [["go", "test", "./..."]] },
  {
    name: "Python",
    folder: "clients/python",
    needs: "python3",
    steps: [
      ["python3", "-m", "venv", ".venv"],
      [".venv/bin/pip", "install", "--quiet", "-e", ".[dev]"],
      [".venv/bin/python", "-m", "pytest"],
    ],
  },
  { name: "Java", folder: "clients/java", needs: "mvn", steps: [["mvn", "-q", "test"]] },
];

for (const proxy of ["nginx", "haproxy"]) {
  if (!has(proxy) && !installDebianPackages()) leftOut.push(proxy);
}
for (const tool of ["grpcurl", "ghz"] as const) {
  if ((await installGoTool(tool)) === undefined) leftOut.push(`${tool} (needs Go)`);
}
run("the tools", root, [
  process.execPath,
  "test/run.ts",
  "test/polyglot",
  "test/mesh/grpcurl.test.ts",
]);
for (const { name, folder, needs, steps } of LANGUAGES) {
  const directory = join(root, folder);
  if (!existsSync(directory)) continue;
  if (!has(needs)) leftOut.push(`${name} (needs ${needs})`);
  else for (const step of steps) if (!run(name, directory, step)) break;
}
if (leftOut.length > 0) console.log(`Left out: ${leftOut.join(", ")}.`);
if (failed.length > 0) console.log(`Failed: ${failed.join(", ")}.`);
process.exit(failed.length > 0 || (isCi && leftOut.length > 0) ? 1 : 0);

function has(command: string): boolean {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).error === undefined;
}

/** Both proxies at once, where this is Debian and we may. */
function installDebianPackages(): boolean {
  if (!has("apt-get") || process.getuid?.() !== 0) return false;
  const install = ["install", "-y", "--no-install-recommends", "nginx-light", "haproxy"];
  return [["update"], install].every(
    (step) => spawnSync("apt-get", step, { stdio: "inherit" }).status === 0,
  );
}

function run(name: string, directory: string, [command = "", ...rest]: readonly string[]): boolean {
  const environment = isCi ? { ...process.env, [REQUIRED]: "true" } : process.env;
  const options = { cwd: directory, stdio: "inherit", env: environment } as const;
  const isPassed = spawnSync(command, rest, options).status === 0;
  if (!isPassed && !failed.includes(name)) failed.push(name);
  return isPassed;
}
