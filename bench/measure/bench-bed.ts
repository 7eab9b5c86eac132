import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TRUST_DOMAIN } from "../../dev-mesh/program-plans.ts";
import type { Recipients } from "../../sealing/reader-payment.ts";
import { LoadGenerator } from "../load/load-generator.ts";
import { type BenchMesh, type BenchMeshOptions, startBenchMesh } from "../mesh/bench-mesh.ts";
import { recipientKeysOf } from "../mesh/recipient-keys.ts";
import { recycleWal } from "../mesh/recycled-wal.ts";
import type { MeasuredSystem } from "./measured-run.ts";

/** A mesh in a folder of its own, which is removed with it. */
export interface BenchBed extends AsyncDisposable {
  readonly benchMesh: BenchMesh;
  readonly keys: Recipients;
  /** Tills that nobody has had, with their streams open. */
  startLoad(tills: BedLoad): Promise<LoadGenerator>;
  /** What counts as cost while `load` runs. */
  systemWith(load: LoadGenerator): MeasuredSystem;
}

interface BedLoad {
  readonly tillCount: number;
  readonly streamsPerTill: number;
}

export async function startBed(
  options: Omit<BenchMeshOptions, "dataDirectory">,
): Promise<BenchBed> {
  await using stack = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), "cardlane-bench-"));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const dataDirectory = join(directory, "mesh");
  const benchMesh = stack.use(await startBenchMesh({ ...options, dataDirectory }));
  const { postgres } = benchMesh.mesh;
  await recycleWal(postgres.connectionOptions("postgres"));
  const keys = recipientKeysOf(benchMesh.directory);
  const running = stack.move();
  return {
    benchMesh,
    keys,
    startLoad: ({ tillCount, streamsPerTill }) =>
      LoadGenerator.start({
        protocol: "stream",
        relayAddresses: benchMesh.relayAddresses,
        tlsDirectory: options.isTls === false ? undefined : benchMesh.directory.tls,
        trustDomain: TRUST_DOMAIN,
        tills: benchMesh.takeTills(tillCount),
        streamsPerTill,
        keys,
      }),
    systemWith: (load) => ({
      pids: new Map([...benchMesh.pids, ["load generator", [load.pid]]]),
      postgresPid: postgres.pid,
      database: postgres.connectionOptions("postgres"),
    }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
