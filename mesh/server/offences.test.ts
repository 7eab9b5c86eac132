import { expect, test } from "vitest";
import { silentLog } from "../log.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { Offences } from "./offences.ts";

const EAGER = "spiffe://cardlane/terminal/1";

/** Counts until patience is over. @returns how many were borne. */
function exhaust(offences: Offences): number {
  for (let borne = 0; ; borne += 1) if (offences.count(EAGER)) return borne;
}

/** Whole seconds until the peer may come back. */
async function barSeconds(offences: Offences, clock: ManualClock): Promise<number> {
  for (let seconds = 0; ; seconds += 1) {
    if (!offences.isBarred(EAGER)) return seconds;
    await clock.advance(1_000);
  }
}

test("who offends for too long is barred, each time for twice as long, and no other", async () => {
  const clock = new ManualClock();
  const offences = new Offences({ perSecond: 1, burst: 10 }, { clock, log: silentLog });
  expect(exhaust(offences)).toBe(10);
  expect(offences.isBarred("spiffe://cardlane/terminal/2")).toBe(false);
  const seconds: number[] = [];
  for (let time = 0; time < 8; time += 1) {
    seconds.push(await barSeconds(offences, clock));
    exhaust(offences);
  }
  expect(seconds).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
});

test("who was good for ten minutes starts anew", async () => {
  const clock = new ManualClock();
  const offences = new Offences({ perSecond: 1, burst: 10 }, { clock, log: silentLog });
  for (let time = 0; time < 4; time += 1) {
    exhaust(offences);
    await barSeconds(offences, clock);
  }
  await clock.advance(601_000);
  expect(exhaust(offences)).toBe(10);
  expect(await barSeconds(offences, clock)).toBe(1);
});
