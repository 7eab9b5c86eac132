import { expect, test } from "vitest";
import { expectNoLoss, registeredMesh, seedsFrom } from "./seeds.ts";
import { simulate } from "./simulate.ts";

const basis = registeredMesh();

test.each(seedsFrom(1, 100))("no payment is lost or charged twice (seed $seed)", async (row) => {
  await expectNoLoss(basis(), row.seed);
});

test("the same seed is the same history, to the last statement", async () => {
  const one = await simulate(basis(), 7);
  const other = await simulate(basis(), 8);
  const again = await simulate(basis(), 7);
  expect(again.lines).toEqual(one.lines);
  expect(again.digest).toBe(one.digest);
  expect(other.digest).not.toBe(one.digest);
});
