import { expect, test } from "vitest";
import { ManualClock } from "../../mesh/testing/manual-clock.ts";
import { RegistryRevision } from "./registry-revision.ts";

const AGE_MS = 5_000;

/** A registry whose revision is `revisions.now`; -1n: it cannot be reached. */
function watchedRevision(first: bigint) {
  const clock = new ManualClock();
  const revisions = { now: first, reads: 0, changes: 0 };
  const store = {
    async revision() {
      revisions.reads += 1;
      const { now } = revisions;
      if (now < 0n) throw new Error("not reached");
      return now;
    },
  };
  const watch = new RegistryRevision(store, clock, () => {
    revisions.changes += 1;
  });
  return { clock, revisions, watch };
}

test("all who ask at the same time share one query, and five seconds cost none", async () => {
  const { clock, revisions, watch } = watchedRevision(7n);
  await Promise.all([watch.confirmed(AGE_MS), watch.confirmed(AGE_MS), watch.confirmed(AGE_MS)]);
  await clock.advance(4_999);
  expect(await watch.confirmed(AGE_MS)).toBe(7n);
  expect(revisions).toMatchObject({ reads: 1, changes: 1 });
});

test.each([
  { name: "the same number", next: 7n, changes: 1 },
  { name: "a higher one", next: 8n, changes: 2 },
  { name: "a lower one, of a database from a backup", next: 6n, changes: 2 },
])("after five seconds it is asked again: $name", async ({ next, changes }) => {
  const { clock, revisions, watch } = watchedRevision(7n);
  await watch.confirmed(AGE_MS);
  revisions.now = next;
  await clock.advance(5_000);
  await watch.confirmed(AGE_MS);
  expect(revisions).toMatchObject({ reads: 2, changes });
});

test("while it cannot be asked nothing is confirmed, and each asks again", async () => {
  const { clock, revisions, watch } = watchedRevision(7n);
  await watch.confirmed(AGE_MS);
  await clock.advance(5_000);
  revisions.now = -1n;
  await expect(watch.confirmed(AGE_MS)).rejects.toThrow("not reached");
  await expect(watch.confirmed(AGE_MS)).rejects.toThrow("not reached");
  revisions.now = 7n;
  await watch.confirmed(AGE_MS);
  expect(await watch.confirmed(AGE_MS)).toBe(7n);
  expect(revisions).toMatchObject({ reads: 4, changes: 1 });
});

test("what was asked before the call does not tell how it is now", async () => {
  const { revisions, watch } = watchedRevision(7n);
  const early = watch.confirmed(0);
  revisions.now = 8n;
  const late = [watch.confirmed(0), watch.confirmed(0)];
  expect(await early).toBe(7n);
  expect(await Promise.all(late)).toEqual([8n, 8n]);
  expect(revisions.reads).toBe(2);
});
