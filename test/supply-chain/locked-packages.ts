import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A package of package-lock.json, for whatever platform. */
export interface LockedPackage {
  /** "@grpc/grpc-js" */
  readonly name: string;
  readonly version: string;
  /** SPDX expression, as its author wrote it; undefined when the author wrote none. */
  readonly license: string | undefined;
  /** Subresource integrity: "sha512-…". */
  readonly integrity: string | undefined;
  /** Nothing that is shipped needs it. */
  readonly isDevelopment: boolean;
}

interface LockEntry {
  readonly version: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  /** Of development, and an optional peer of what is shipped. */
  readonly devOptional?: boolean;
}

/** All packages but the project itself. @param root the folder of package-lock.json. */
export function lockedPackages(root: string): readonly LockedPackage[] {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const entries = Object.entries<LockEntry>(lock.packages);
  return entries
    .filter(([path]) => path !== "")
    .map(([path, { version, license, integrity, dev, devOptional }]) => ({
      name: path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length),
      version,
      license,
      integrity,
      isDevelopment: dev === true || devOptional === true,
    }));
}
