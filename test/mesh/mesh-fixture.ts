import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Mesh, type MeshOptions, startMesh } from "../../cli/start/mesh-processes.ts";
import { systemClock } from "../../mesh/clock.ts";
import { TestKeys } from "../fixtures/keys.ts";

/** A mesh of real processes in a folder of its own; disposing stops it and removes the folder. */
export interface MeshFixture extends AsyncDisposable {
  readonly mesh: Mesh;
  /** The mesh's keys and roots, for making further devices. */
  readonly keys: TestKeys;
}

export async function startTestMesh(
  options: Partial<Omit<MeshOptions, "dataDirectory">> = {},
): Promise<MeshFixture> {
  const home = mkdtempSync(join(tmpdir(), "cardlane-mesh-"));
  const resources = new AsyncDisposableStack();
  resources.defer(() => rmSync(home, { recursive: true, force: true }));
  try {
    const keys = resources.use(new TestKeys({ nowMs: systemClock.nowMs() }));
    cpSync(keys.directory, join(home, "keys"), { recursive: true });
    const mesh = resources.use(await startMesh({ dataDirectory: home, ...options }));
    return { mesh, keys, [Symbol.asyncDispose]: () => resources.disposeAsync() };
  } catch (error) {
    await resources.disposeAsync();
    throw error;
  }
}
