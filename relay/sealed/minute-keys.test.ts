import { expect, test } from "vitest";
import { seededRandom } from "../../sealing/testing/seeded-random.ts";
import { type ChainHome, type ChainStart, chainInMemory, MinuteKeys } from "./minute-keys.ts";

const MINUTE_MS = 60_000;
const START = 29_000_000;

/** Relays of one home, and a clock that the test moves. */
function machine(home: ChainHome = chainInMemory()) {
  const clock = { minute: START };
  let relays = 0;
  return {
    home,
    clock,
    start: () => {
      relays += 1;
      const random = seededRandom(`relay ${relays}`);
      return new MinuteKeys(home, { nowMs: () => clock.minute * MINUTE_MS, random });
    },
  };
}

test("relays of one home have the same keys, each minute another one", () => {
  const { clock, start } = machine();
  const [one, other] = [start(), start()];
  const keys = new Set<string>();
  for (let minute = START; minute < START + 15; minute += 1) {
    clock.minute = minute;
    expect(one.present).toEqual(other.present);
    expect(one.present.minute).toBe(minute);
    keys.add(Buffer.from(one.present.key).toString("hex"));
    one.forget();
    other.forget();
  }
  expect(keys.size).toBe(15);
});

test("a key is there for ten minutes after its minute, also for a relay that starts then", () => {
  const { clock, start } = machine();
  const relay = start();
  const { key } = relay.present;
  clock.minute = START + 10;
  relay.forget();
  expect(relay.of(START)).toEqual(key);
  expect(start().of(START)).toEqual(key);
  clock.minute = START + 11;
  relay.forget();
  expect(relay.of(START)).toBeUndefined();
  expect(start().of(START)).toBeUndefined();
});

test("what is kept leads to no earlier key", () => {
  const { home, clock, start } = machine();
  const relay = start();
  const first = home.read();
  clock.minute = START + 30;
  relay.forget();
  const kept = home.read();
  expect(kept?.minute).toBe(START + 20);
  expect(kept?.secret).not.toEqual(first?.secret);
  // Whoever has the first secret has all that follow: it must be nowhere any more.
  const thief = new MinuteKeys(chainOf(first), {
    nowMs: () => clock.minute * MINUTE_MS,
    random: seededRandom("thief"),
  });
  expect(thief.present).toEqual(relay.present);
});

test("a key of a relay whose clock is ahead is found", () => {
  const { clock, start } = machine();
  const [slow, fast] = [start(), start()];
  clock.minute = START + 45;
  const { minute, key } = fast.present;
  clock.minute = START;
  expect(slow.of(minute)).toEqual(key);
});

test.each([
  { what: "a little back", to: START - 30, isSameChain: true },
  { what: "an hour back", to: START - 61, isSameChain: false },
  { what: "years back", to: START - 5_000_000, isSameChain: false },
  { what: "a day ahead", to: START + 1_440, isSameChain: true },
  { what: "years ahead", to: START + 5_000_000, isSameChain: false },
])("a clock that is put $what: there is a key, and in time others", ({ to, isSameChain }) => {
  const { clock, start, home } = machine();
  const relay = start();
  const ahead = relay.of(START + 1_440);
  clock.minute = to;
  relay.forget();
  expect(relay.present.minute).toBe(isSameChain ? Math.max(to, START) : to);
  expect(Buffer.compare(relay.of(START + 1_440) ?? Buffer.of(), ahead ?? Buffer.of()) === 0).toBe(
    isSameChain,
  );
  expect(start().present).toEqual(relay.present);
  expect(home.read()?.minute).toBeLessThanOrEqual(Math.max(to, START));
});

test("what cannot be written is not forgotten, and is tried again", () => {
  const home = chainInMemory();
  let isFull = false;
  const { clock, start } = machine({
    read: () => home.read(),
    write(given) {
      if (isFull) throw new Error("no space left on device");
      home.write(given);
    },
  });
  const relay = start();
  const { key } = relay.present;
  clock.minute = START + 20;
  isFull = true;
  expect(() => relay.forget()).toThrow("no space left on device");
  expect(relay.of(START)).toEqual(key);
  isFull = false;
  relay.forget();
  expect(relay.of(START)).toBeUndefined();
});

function chainOf(start: ChainStart | undefined): ChainHome {
  const home = chainInMemory();
  if (start !== undefined) home.write(start);
  return home;
}
