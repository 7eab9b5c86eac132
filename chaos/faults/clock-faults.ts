import type { Fault } from "./fault.ts";
import { CLOCK_OWNERS, type ClockOwner } from "./wrong-clocks.ts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** By how much a clock is wrong, in seconds; forward or back. */
const ERRORS = [
  { seconds: 2 * MINUTE, name: "two minutes" },
  { seconds: 2 * HOUR, name: "two hours" },
  { seconds: DAY, name: "a day" },
  { seconds: 365 * DAY, name: "a year" },
] as const;
/** With more of them nobody could pay any more, which shows nothing. */
const WRONG_MAX = 2;
/** Put right while payments are open that began under the wrong one. */
const HEALED_SHARE = 0.3;
/** Those that decide what is due have their clocks put wrong oftener. */
const OWNERS: readonly ClockOwner[] = [
  ...CLOCK_OWNERS,
  "relay",
  "relay-2",
  "processor",
  "postgres",
];

/** A clock that jumps while its program runs, and stays wrong until another one is. */
export const CLOCK_FAULTS: readonly Fault[] = [
  {
    kind: "clock wrong",
    strike({ clocks }, dice) {
      if (clocks === undefined) return undefined;
      const { wrong } = clocks;
      if (wrong.length > 0 && dice.happens(HEALED_SHARE)) {
        const owner = dice.pick(wrong);
        return { what: `${owner} right again`, work: async () => clocks.put(owner, 0) };
      }
      const healed = wrong.length < WRONG_MAX ? undefined : dice.pick(wrong);
      const owner = dice.pick(OWNERS);
      const { seconds, name } = dice.pick(ERRORS);
      const isAhead = dice.happens(0.5);
      return {
        what: `${owner} ${isAhead ? "ahead" : "behind"} by ${name}, and left so`,
        async work() {
          if (healed !== undefined) clocks.put(healed, 0);
          clocks.put(owner, isAhead ? seconds : -seconds);
        },
      };
    },
  },
];
