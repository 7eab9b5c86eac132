import { describe, expect, test } from "vitest";
import { readArguments } from "./arguments.ts";
import { SCENARIOS } from "./measure/effort.ts";
import { UsageError } from "./usage-error.ts";

const WITH_PIN = "with PIN, 1 merchant";
const NAIVE = "naive design";

describe("the command line of the bench", () => {
  test.each([
    { args: [], isQuick: false },
    { args: ["--quick"], isQuick: true },
  ])("$args asks what a payment costs", ({ args, isQuick }) => {
    expect(readArguments(args)).toEqual({ question: "cost", isQuick, perSecond: undefined });
  });

  test.each([
    { args: [], scenarios: SCENARIOS.map(({ name }) => name) },
    { args: ["--only", WITH_PIN], scenarios: [WITH_PIN] },
    { args: ["--only", NAIVE, "--only", WITH_PIN], scenarios: [WITH_PIN, NAIVE] },
    { args: ["--only", WITH_PIN, "--only", WITH_PIN], scenarios: [WITH_PIN] },
    { args: ["--quick"], scenarios: ["no PIN, 1 merchant", NAIVE] },
    { args: ["--quick", "--only", WITH_PIN], scenarios: [WITH_PIN] },
  ])("highest-load $args: $scenarios", ({ args, scenarios }) => {
    const asked = readArguments(["highest-load", ...args]);
    if (asked.question !== "highest-load") throw new Error(`${asked.question} was not asked`);
    expect(asked.scenarios.map(({ name }) => name)).toEqual(scenarios);
  });

  test.each([
    { args: ["highest-load", "--thorough"], asked: { effortName: "thorough" } },
    {
      args: ["highest-load", "--relays", "9", "--processors", "2"],
      asked: { relayCount: 9, processorCount: 2 },
    },
    { args: ["growth"], asked: { question: "growth", isQuick: false, perSecond: undefined } },
    { args: ["pin"], asked: { question: "pin", isQuick: false, perSecond: undefined } },
    {
      args: ["streams", "--quick", "--rate", "500"],
      asked: { question: "streams", isQuick: true, perSecond: 500 },
    },
  ])("$args is understood", ({ args, asked }) => {
    expect(readArguments(args)).toMatchObject(asked);
  });

  test.each([
    { args: ["nothing"], says: 'there is no "nothing", only highest-load, cost, pin' },
    { args: ["single", "growth"], says: "one question at a time, not single, growth" },
    { args: ["highest-load", "--only", "x"], says: 'there is no line "x" for --only' },
    { args: ["highest-load", "--relays", "0"], says: '--relays must be 1 to 9, not "0"' },
    { args: ["highest-load", "--processors", "10"], says: '--processors must be 1 to 9, not "10"' },
    { args: ["highest-load", "--quick", "--thorough"], says: "not both" },
    { args: ["highest-load", "--rate", "500"], says: "highest-load searches for it" },
    { args: ["--rate", "500"], says: "instances, overload, not for cost" },
    { args: ["--relays", "2"], says: "--relays is for highest-load, not for cost" },
    { args: ["growth", "--rate", "1.5"], says: 'a whole number above 0, not "1.5"' },
    { args: ["growth", "--only", WITH_PIN], says: "--only is for highest-load, not for growth" },
    { args: ["streams", "--thorough"], says: "--thorough is for highest-load" },
    { args: ["single", "--rate", "5"], says: "overload, not for single" },
    { args: ["--fast"], says: "Unknown option '--fast'" },
  ])("$args is refused", ({ args, says }) => {
    const read = () => readArguments(args);
    expect(read).toThrow(UsageError);
    expect(read).toThrow(says);
  });
});
