import type { Clock } from "../mesh/clock.ts";
import { MeshClients } from "./mesh-clients.ts";
import { type MeshFile, readMeshFile } from "./mesh-file.ts";
import { MeshDirectory } from "./start/mesh-directory.ts";

/** A mesh that runs on this machine, seen from the command line. */
export interface RunningMesh extends Disposable {
  readonly directory: MeshDirectory;
  readonly file: MeshFile;
  readonly clients: MeshClients;
}

/** @throws CommandError MESH_NOT_RUNNING */
export async function openRunningMesh(dataDirectory: string, clock: Clock): Promise<RunningMesh> {
  const directory = new MeshDirectory(dataDirectory);
  const file = readMeshFile(dataDirectory);
  const clients = await MeshClients.open({
    addressOf: (name) => file.addresses[name],
    tlsDirectory: file.isTls ? directory.tlsOf("operator") : undefined,
    clock,
  });
  return { directory, file, clients, [Symbol.dispose]: () => clients[Symbol.dispose]() };
}
