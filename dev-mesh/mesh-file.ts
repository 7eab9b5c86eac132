import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type InstanceName, PROGRAM_NAMES, type ProgramName } from "./mesh-directory.ts";

/** What the command line needs to know of a running mesh: `mesh.json` in its data directory. */
export interface MeshFile {
  readonly version: 1;
  /** Of the process that started the mesh. */
  readonly pid: number;
  readonly isTls: boolean;
  /** "host:port" by program. */
  readonly addresses: Readonly<Record<ProgramName, string>>;
  /** Of those that the mesh started itself. */
  readonly pids: Readonly<Partial<Record<InstanceName, number>>>;
  readonly postgresPort: number;
}

const FILE_NAME = "mesh.json";

export function writeMeshFile(dataDirectory: string, mesh: MeshFile): void {
  const path = join(dataDirectory, FILE_NAME);
  // Renamed into place, so that no reader ever finds half of it.
  writeFileSync(`${path}.new`, `${JSON.stringify(mesh, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}

export function removeMeshFile(dataDirectory: string): void {
  rmSync(join(dataDirectory, FILE_NAME), { force: true });
}

/** @throws MeshNotRunningError */
export function readMeshFile(dataDirectory: string): MeshFile {
  const mesh = parse(readIfThere(join(dataDirectory, FILE_NAME)));
  if (mesh === undefined) throw new MeshNotRunningError("mesh", dataDirectory);
  return mesh;
}

/** Whether whoever started the mesh is there; one of its programs may be away all the same. */
export function isMeshUp(dataDirectory: string): boolean {
  const mesh = parse(readIfThere(join(dataDirectory, FILE_NAME)));
  if (mesh === undefined) return false;
  try {
    return process.kill(mesh.pid, 0);
  } catch (error) {
    // Of somebody else, but there.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

export class MeshNotRunningError extends Error {
  override readonly name = "MeshNotRunningError";
  readonly code = "MESH_NOT_RUNNING";

  constructor(what: "mesh" | "inbox", dataDirectory: string) {
    super(`no ${what} runs on ${dataDirectory}: start it with npm start`);
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "null";
  }
}

function parse(text: string): MeshFile | undefined {
  const mesh: Partial<MeshFile> | null = JSON.parse(text);
  if (mesh?.version !== 1) return undefined;
  const isWhole = PROGRAM_NAMES.every((name) => mesh.addresses?.[name] !== undefined);
  return isWhole ? (mesh as MeshFile) : undefined;
}
