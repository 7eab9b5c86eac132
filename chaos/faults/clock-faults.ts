import type { Dice } from "../dice.ts";
import { type Arena, type Fault, pause, type Strike, seconds } from "./fault.ts";
import { CLOCK_OWNERS, type ClockOwner, NOTICED_AFTER_MS } from "./wrong-clocks.ts";

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

/** Payments begin that nobody decides, and after half a minute nobody waits for any more. */
const OUTAGE_MS = { min: 5_000, max: 75_000 } as const;
/** All clocks are wrong together for so long before that. */
const SHARED_MS = 8_000;
const PROCESSORS = ["processor", "processor-2"] as const;
const RELAYS = ["relay", "relay-2"] as const;
const OUT = [...PROCESSORS, ...RELAYS];

export const CLOCK_FAULTS: readonly Fault[] = [
  { kind: "clock wrong", strike: putWrong },
  { kind: "clock put right in an outage", strike: putRightInOutage },
];

/** A clock that jumps while its program runs, and stays wrong until another one is. */
function putWrong({ clocks }: Arena, dice: Dice): Strike | undefined {
  if (clocks === undefined) return undefined;
  const { wrong } = clocks;
  if (wrong.length > 0 && dice.happens(HEALED_SHARE)) {
    const owner = dice.pick(wrong);
    return { what: `${owner} right again`, work: async () => clocks.put(owner, 0) };
  }
  const healed = wrong.length < WRONG_MAX ? undefined : dice.pick(wrong);
  const owner = dice.pick(OWNERS);
  const error = throwError(dice);
  return {
    what: `${owner} ${error.name}, and left so`,
    async work() {
      if (healed !== undefined) clocks.put(healed, 0);
      clocks.put(owner, error.seconds);
    },
  };
}

/** Payments begin by a time that all share, and are looked after by another. */
function putRightInOutage(arena: Arena, dice: Dice): Strike | undefined {
  const { clocks, programs } = arena;
  if (clocks === undefined || !OUT.every((name) => programs.isFree(name))) return undefined;
  const error = throwError(dice);
  const outageMs = dice.between(OUTAGE_MS.min, OUTAGE_MS.max);
  const relays = dice.happens(0.5) ? RELAYS : [];
  const whileOut = async () => {
    for (const owner of CLOCK_OWNERS) clocks.put(owner, error.seconds);
    // Whoever pays meanwhile spends another day's limits.
    await pause(arena, NOTICED_AFTER_MS + SHARED_MS);
    await Promise.all(PROCESSORS.map((name) => programs.end(name, "SIGKILL")));
    await pause(arena, outageMs);
    clocks.heal();
    await pause(arena, NOTICED_AFTER_MS);
    await Promise.all(relays.map((name) => programs.end(name, "SIGKILL")));
    await Promise.all([...PROCESSORS, ...relays].map((name) => programs.revive(name)));
  };
  return {
    what: `all ${error.name}, without a processor for ${seconds(outageMs)}`,
    work: OUT.reduce((work, name) => () => programs.during(name, work), whileOut),
  };
}

/** "ahead by two hours" */
function throwError(dice: Dice): { readonly seconds: number; readonly name: string } {
  const { name, ...error } = dice.pick(ERRORS);
  return dice.happens(0.5)
    ? { seconds: error.seconds, name: `ahead by ${name}` }
    : { seconds: -error.seconds, name: `behind by ${name}` };
}
