import { BesiegedMesh } from "../besieged-mesh.ts";
import type { Door } from "../doors.ts";
import type { Arena } from "./fuzz-run.ts";

/** Starts the meshes that these doors need: one in plaintext, one with TLS, or both. */
export async function openArena(doors: readonly Door[]): Promise<Arena & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const kinds = [...new Set(doors.map(({ isTls }) => isTls))];
  const hasInbox = doors.some(({ program }) => program === "inbox");
  const started = await Promise.allSettled(
    kinds.map(async (isTls) => {
      const mesh = stack.use(await BesiegedMesh.start({ isTls, hasInbox: hasInbox && !isTls }));
      return [isTls, mesh] as const;
    }),
  );
  const meshes = new Map(
    started.map((one) => {
      // Thrown when all have settled, so that what did start is stopped.
      if (one.status === "rejected") throw one.reason;
      return one.value;
    }),
  );
  const running = stack.move();
  return {
    meshes: [...meshes.values()],
    meshOf({ isTls }) {
      const mesh = meshes.get(isTls);
      if (mesh === undefined) throw new Error("bug: no mesh was started for this door");
      return mesh;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
