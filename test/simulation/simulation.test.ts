import { expect, test } from "vitest";
import { expectNoLoss, registeredMesh, seedsFrom } from "./seeds.ts";
import { simulate } from "./simulate.ts";

const basis = registeredMesh();

test.each(seedsFrom(1, 100))("no payment is lost or charged twice (seed $seed)", async (row) => {
  await expectNoLoss(basis(), row.seed);
});

test("the same seed is the same history, to the last statement", async () => {
  // One with a relay elsewhere.
  const one = await simulate(basis(), 6);
  const other = await simulate(basis(), 7);
  const again = await simulate(basis(), 6);
  expect(again.lines).toEqual(one.lines);
  expect(again.digest).toBe(one.digest);
  expect(other.digest).not.toBe(one.digest);
});
