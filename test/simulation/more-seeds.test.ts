import { test } from "vitest";
import { expectNoLoss, registeredMesh, seedsFrom } from "./seeds.ts";

const basis = registeredMesh();

test.each(seedsFrom(101, 100))("no payment is lost or charged twice (seed $seed)", async (row) => {
  await expectNoLoss(basis(), row.seed);
});
