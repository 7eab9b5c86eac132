import type { Clock } from "../mesh/clock.ts";
import { nodeCurves } from "../sealing/curves/node-curves.ts";
import { systemRandom } from "../sealing/random.ts";
import { makeDevelopmentKeys } from "./development-keys.ts";
import type { MeshDirectory } from "./mesh-directory.ts";
import { SPIFFE_PATHS, TRUST_DOMAIN } from "./program-plans.ts";
import type { Progress } from "./progress.ts";

/** Makes all keys of a development mesh, and certificates for TLS. What is there stays. */
export async function makeMeshKeys(
  directory: MeshDirectory,
  clock: Clock,
  step: Progress["step"],
  { isTls }: { readonly isTls: boolean },
): Promise<void> {
  const nowMs = clock.nowMs();
  const keys = { directory: directory.keys, nowMs, curves: nodeCurves, random: systemRandom };
  const says = (made: string) => made;
  await step("development keys", async () => makeDevelopmentKeys(keys), says);
  if (!isTls) return;
  const tls = {
    directory: directory.tls,
    holders: SPIFFE_PATHS,
    trustDomain: TRUST_DOMAIN,
    nowMs,
  };
  const make = async () => {
    // Loaded here alone: most starts do without, and the package takes its time.
    const { makeDevelopmentTls } = await import("./development-tls.ts");
    return await makeDevelopmentTls(tls);
  };
  await step("TLS certificates", make, says);
}
