import { expect, test } from "vitest";
import { ManualClock } from "../../mesh/testing/manual-clock.ts";
import { RegistryRevision } from "./registry-revision.ts";

/** A registry whose revision is `revisions.now`; -1n: it cannot be reached. */
function watchedRevision(first: bigint) {
  const clock = new ManualClock();
  const revisions = { now: first, reads: 0, changes: 0 };
  const store = {
    async revision() {
      revisions.reads += 1;
      if (revisions.now < 0n) throw new Error("not reached");
      return revisions.now;
    },
  };
  const watch = new RegistryRevision(store, clock, () => {
    revisions.changes += 1;
  });
  return { clock, revisions, watch };
}

test("all who ask at the same time share one query, and five seconds cost none", async () => {
  const { clock, revisions, watch } = watchedRevision(7n);
  await Promise.all([watch.confirm(), watch.confirm(), watch.confirm()]);
  await clock.advance(4_999);
  expect(watch.confirm()).toBeUndefined();
  expect(revisions).toMatchObject({ reads: 1, changes: 1 });
});

test.each([
  { name: "the same number", next: 7n, changes: 1 },
  { name: "a higher one", next: 8n, changes: 2 },
  { name: "a lower one, of a database from a backup", next: 6n, changes: 2 },
])("after five seconds it is asked again: $name", async ({ next, changes }) => {
  const { clock, revisions, watch } = watchedRevision(7n);
  await watch.confirm();
  revisions.now = next;
  await clock.advance(5_000);
  await watch.confirm();
  expect(revisions).toMatchObject({ reads: 2, changes });
});

test("while it cannot be asked nothing is confirmed, and each asks again", async () => {
  const { clock, revisions, watch } = watchedRevision(7n);
  await watch.confirm();
  await clock.advance(5_000);
  revisions.now = -1n;
  await expect(watch.confirm()).rejects.toThrow("not reached");
  await expect(watch.confirm()).rejects.toThrow("not reached");
  revisions.now = 7n;
  await watch.confirm();
  expect(watch.confirm()).toBeUndefined();
  expect(revisions).toMatchObject({ reads: 4, changes: 1 });
});
