import { afterAll, beforeAll, expect } from "vitest";
import type { MeshBasis } from "./mesh-basis.ts";
import { registerMesh } from "./registered-mesh.ts";
import { simulate } from "./simulate.ts";

/** @returns a row for each seed; a file of tests for each processor of the machine. */
export function seedsFrom(first: number, count: number): readonly { readonly seed: number }[] {
  return Array.from({ length: count }, (_, index) => ({ seed: first + index }));
}

/** Runs one seed; what is wrong comes with the command that shows all of it. */
export async function expectNoLoss(basis: MeshBasis, seed: number): Promise<void> {
  const run = await simulate(basis, seed);
  expect(run.violations, `npm run simulate -- --seeds 1 --from ${seed} --verbose`).toEqual([]);
  // Where every clock is wrong from the start, no terminal begins anything, and says so.
  const isRefused = run.lines.some((line) => line.endsWith(": CLOCK_WRONG"));
  expect(run.payments > 0 || isRefused).toBe(true);
}

/** Made before the first test of a file, for all of them. */
export function registeredMesh(): () => MeshBasis {
  let basis: (MeshBasis & AsyncDisposable) | undefined;
  beforeAll(async () => {
    basis = await registerMesh();
  });
  afterAll(async () => {
    await basis?.[Symbol.asyncDispose]();
  });
  return () => {
    if (basis === undefined) throw new Error("bug: the mesh is made before the tests");
    return basis;
  };
}
