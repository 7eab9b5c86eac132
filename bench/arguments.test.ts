import { describe, expect, test } from "vitest";
import { readArguments } from "./arguments.ts";
import { ALL_LINES } from "./measure/effort.ts";
import { UsageError } from "./usage-error.ts";

const WITH_PIN = "with PIN, 1 merchant";
const NO_PACE = "without a pace";

describe("the command line of the bench", () => {
  test("asks for every line where it asks for nothing", () => {
    expect(readArguments([])).toEqual({
      effortName: "usual",
      relayCount: 1,
      processorCount: 1,
      lines: ALL_LINES,
    });
  });

  test.each([
    { args: ["--only", WITH_PIN], scenarios: [WITH_PIN], techniques: [] },
    { args: ["--only", NO_PACE], scenarios: [], techniques: [NO_PACE] },
    {
      args: ["--only", NO_PACE, "--only", WITH_PIN],
      scenarios: [WITH_PIN],
      techniques: [NO_PACE],
    },
    { args: ["--only", WITH_PIN, "--only", WITH_PIN], scenarios: [WITH_PIN], techniques: [] },
    {
      args: ["--quick"],
      scenarios: ["no PIN, 1 merchant", "naive design"],
      techniques: [],
    },
    { args: ["--quick", "--only", NO_PACE], scenarios: [], techniques: [NO_PACE] },
  ])("$args: $scenarios and $techniques", ({ args, scenarios, techniques }) => {
    const namesOf = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name);
    const asked = readArguments(args);
    if (asked.question !== undefined) throw new Error("a question in place of the ratios");
    expect(namesOf(asked.lines.scenarios)).toEqual(scenarios);
    expect(namesOf(asked.lines.techniques)).toEqual(techniques);
  });

  test.each([
    { args: ["--thorough"], asked: { effortName: "thorough" } },
    { args: ["--relays", "9", "--processors", "2"], asked: { relayCount: 9, processorCount: 2 } },
    { args: ["growth"], asked: { question: "growth", isQuick: false, perSecond: undefined } },
    {
      args: ["streams", "--quick", "--rate", "500"],
      asked: { question: "streams", isQuick: true, perSecond: 500 },
    },
  ])("$args is understood", ({ args, asked }) => {
    expect(readArguments(args)).toMatchObject(asked);
  });

  test.each([
    { args: ["nothing"], says: 'there is no "nothing", only single, growth' },
    { args: ["single", "growth"], says: "one question at a time, not single, growth" },
    { args: ["--only", "x"], says: 'there is no line "x" for --only' },
    { args: ["--relays", "0"], says: '--relays must be 1 to 9, not "0"' },
    { args: ["--processors", "10"], says: '--processors must be 1 to 9, not "10"' },
    { args: ["--quick", "--thorough"], says: "not both" },
    { args: ["--rate", "500"], says: "the ratios search for it" },
    { args: ["growth", "--rate", "1.5"], says: 'a whole number above 0, not "1.5"' },
    { args: ["growth", "--only", WITH_PIN], says: "--only is for the ratios, not for growth" },
    { args: ["overload", "--relays", "2"], says: "--relays is for the ratios" },
    { args: ["streams", "--thorough"], says: "--thorough is for the ratios" },
    { args: ["single", "--rate", "5"], says: "it pays one at a time" },
    { args: ["--fast"], says: "Unknown option '--fast'" },
  ])("$args is refused", ({ args, says }) => {
    const read = () => readArguments(args);
    expect(read).toThrow(UsageError);
    expect(read).toThrow(says);
  });
});
