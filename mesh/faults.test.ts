import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { FAULT_STEPS, faultsFrom, noFaults, parseFaults, plannedFaults } from "./faults.ts";
import { ManualClock } from "./testing/manual-clock.ts";

describe("what CARDLANE_FAULTS may say", () => {
  test.each([
    { text: "lose@processor.request", delayMs: 0, percent: 100, time: undefined },
    { text: "duplicate@relay.request%20", delayMs: 0, percent: 20, time: undefined },
    { text: "late@processor.answer=3000%50", delayMs: 3_000, percent: 50, time: undefined },
    { text: "late@relay.database=2000", delayMs: 2_000, percent: 100, time: undefined },
    { text: "crash@relay.recorded#2", delayMs: 0, percent: 100, time: 2 },
  ])("$text", ({ text, ...expected }) => {
    const { seed, rules } = parseFaults(`seed=7 ${text}`);
    expect(seed).toBe(7);
    expect(rules).toHaveLength(1);
    expect(rules[0]).toMatchObject(expected);
  });

  test.each([
    { name: "a step that is not in the table", text: "crash@relay.lunch" },
    { name: "a kind that the step does not have", text: "lose@relay.recorded" },
    { name: "a delay for what is not late", text: "lose@relay.request=5" },
    { name: "late without a delay", text: "late@relay.request" },
    { name: "a seed that is no number", text: "seed=today" },
    { name: "no step at all", text: "crash" },
    { name: "a property of every object", text: "crash@constructor" },
  ])("refuses $name", ({ text }) => {
    expect(() => parseFaults(text)).toThrow(/^CARDLANE_FAULTS: ".*" is not understood/);
  });

  test("without it nothing is ever wrong, and a message is handed over in the same turn", () => {
    const faults = faultsFrom(undefined, new ManualClock());
    expect(faults).toBe(noFaults);
    expect(faults.at("relay.recorded")).toBeUndefined();
    expect(handedOver("", "relay.request").count()).toBe(1);
  });
});

describe("what happens at a step", () => {
  test.each([
    { rule: "lose@relay.request", count: 0 },
    { rule: "duplicate@relay.request", count: 2 },
    { rule: "lose@relay.request#2", count: 1 },
    { rule: "lose@relay.answer", count: 1 },
    { rule: "lose@relay.request%0", count: 1 },
  ])("$rule hands over $count times", ({ rule, count }) => {
    expect(handedOver(rule, "relay.request").count()).toBe(count);
  });

  test("late is handed over when its time has come", async () => {
    const { clock, count } = handedOver("late@relay.answer=3000", "relay.answer");
    await clock.advance(2_999);
    expect(count()).toBe(0);
    await clock.advance(1);
    expect(count()).toBe(1);
  });

  test("a crash ends the program at its step, and nothing that follows happens", async () => {
    const crashes: string[] = [];
    const plan = parseFaults("crash@relay.recorded#2");
    const crash = (step: string) => void crashes.push(step);
    const faults = plannedFaults(plan, new ManualClock(), crash);
    await faults.at("relay.recorded");
    expect(crashes).toEqual([]);
    let wentOn = false;
    void faults.at("relay.recorded")?.then(() => {
      wentOn = true;
    });
    await nextTurn();
    expect(crashes).toEqual(["relay.recorded"]);
    expect(wentOn).toBe(false);
  });

  test("the same seed fails the same messages, another seed others", () => {
    expect(losses(7)).toEqual(losses(7));
    expect(losses(8)).not.toEqual(losses(7));
    const lost = losses(7).filter((wasHandedOver) => !wasHandedOver).length;
    expect(lost).toBeGreaterThan(250);
    expect(lost).toBeLessThan(350);
  });

  test("every step can be late or crash, and only messages can be lost", () => {
    for (const [step, kinds] of Object.entries(FAULT_STEPS)) {
      expect(kinds).toEqual(expect.arrayContaining(["late", "crash"]));
      expect(kinds.length > 2).toBe(/request|answer/.test(step));
    }
  });
});

function handedOver(rule: string, step: "relay.request" | "relay.answer") {
  const clock = new ManualClock();
  const faults = plannedFaults(parseFaults(rule), clock, () => undefined);
  let handed = 0;
  faults.deliver(step, () => {
    handed += 1;
  });
  return { clock, count: () => handed };
}

function losses(seed: number): readonly boolean[] {
  const plan = parseFaults(`seed=${seed} lose@relay.request%30`);
  const faults = plannedFaults(plan, new ManualClock(), () => undefined);
  return Array.from({ length: 1_000 }, () => {
    let wasHandedOver = false;
    faults.deliver("relay.request", () => {
      wasHandedOver = true;
    });
    return wasHandedOver;
  });
}
