import { BesiegedMesh } from "../besieged-mesh.ts";
import type { Door } from "../doors.ts";
import type { Arena } from "./fuzz-run.ts";

/** Starts the meshes that these doors need: one in plaintext, one with TLS, or both. */
export async function openArena(doors: readonly Door[]): Promise<Arena & AsyncDisposable> {
  const kinds = [...new Set(doors.map(({ isTls }) => isTls))];
  const hasInbox = doors.some(({ program }) => program === "inbox");
  const started = await Promise.allSettled(
    kinds.map((isTls) => BesiegedMesh.start({ isTls, hasInbox: hasInbox && !isTls })),
  );
  const meshes = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const stop = async () => {
    await Promise.all(meshes.map((mesh) => mesh[Symbol.asyncDispose]()));
  };
  const failed = started.find((one) => one.status === "rejected");
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  return {
    meshes,
    meshOf({ isTls }) {
      const mesh = meshes.find((one) => one.mesh.isTls === isTls);
      if (mesh === undefined) throw new Error("bug: no mesh was started for this door");
      return mesh;
    },
    [Symbol.asyncDispose]: stop,
  };
}
