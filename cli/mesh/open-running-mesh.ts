import { MeshClients } from "../../dev-mesh/clients.ts";
import { MeshDirectory } from "../../dev-mesh/mesh-directory.ts";
import { type MeshFile, readMeshFile } from "../../dev-mesh/mesh-file.ts";
import type { Clock } from "../../mesh/clock.ts";

/** A mesh that runs on this machine, seen from the command line. */
export interface RunningMesh extends Disposable {
  readonly directory: MeshDirectory;
  readonly file: MeshFile;
  readonly clients: MeshClients;
}

/** @throws MeshNotRunningError */
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
