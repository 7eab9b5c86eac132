import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Mesh, type MeshOptions, startMesh } from "../../dev-mesh/mesh-processes.ts";
import { SPIFFE_PATHS, TRUST_DOMAIN } from "../../dev-mesh/program-plans.ts";
import { systemClock } from "../../mesh/clock.ts";
import { TestKeys } from "../fixtures/keys.ts";

/** A mesh of real processes in a folder of its own; disposing stops it and removes the folder. */
export interface MeshFixture extends AsyncDisposable {
  readonly mesh: Mesh;
  /** The mesh's keys and roots, for making further devices. */
  readonly keys: TestKeys;
}

interface TestMeshOptions extends Partial<Omit<MeshOptions, "dataDirectory">> {
  /** With TLS: certificates beside the programs' own, folder → path of the SPIFFE URI. */
  readonly strangers?: Readonly<Record<string, string>>;
}

export async function startTestMesh(options: TestMeshOptions = {}): Promise<MeshFixture> {
  const { strangers, ...meshOptions } = options;
  const home = mkdtempSync(join(tmpdir(), "cardlane-mesh-"));
  const resources = new AsyncDisposableStack();
  resources.defer(() => rmSync(home, { recursive: true, force: true }));
  try {
    const keys = resources.use(new TestKeys({ nowMs: systemClock.nowMs() }));
    cpSync(keys.directory, join(home, "keys"), { recursive: true });
    if (strangers !== undefined) {
      // Loaded here alone, as the mesh does it; made before its start, which leaves it alone then.
      const { makeDevelopmentTls } = await import("../../dev-mesh/development-tls.ts");
      await makeDevelopmentTls({
        directory: join(home, "tls"),
        holders: { ...SPIFFE_PATHS, ...strangers },
        trustDomain: TRUST_DOMAIN,
        nowMs: systemClock.nowMs(),
      });
    }
    const mesh = resources.use(await startMesh({ dataDirectory: home, ...meshOptions }));
    return { mesh, keys, [Symbol.asyncDispose]: () => resources.disposeAsync() };
  } catch (error) {
    await resources.disposeAsync();
    throw error;
  }
}
