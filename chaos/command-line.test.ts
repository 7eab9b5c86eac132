import { describe, expect, test } from "vitest";
import { parseCommandLine, UsageError } from "./command-line.ts";

test("without arguments: five minutes, any seed, TLS as the seed says, every fault", () => {
  expect(parseCommandLine([])).toEqual({
    durationMs: 300_000,
    seed: undefined,
    isTls: undefined,
    faults: undefined,
    isJson: false,
    isDataKept: false,
  });
});

test("everything can be asked for", () => {
  const line = "--minutes 0.5 --seed 7 --no-tls --json --keep-data --faults";
  expect(parseCommandLine([...line.split(" "), "kill -9, clock wrong"])).toEqual({
    durationMs: 30_000,
    seed: "7",
    isTls: false,
    faults: ["kill -9", "clock wrong"],
    isJson: true,
    isDataKept: true,
  });
});

describe("what means nothing is refused in one line", () => {
  test.each([
    ["--minutes 0", /^--minutes must be above 0, at most 1440, got "0"$/],
    ["--minutes soon", /^--minutes must be above 0, at most 1440, got "soon"$/],
    ["--minutes 9999", /^--minutes must be above 0, at most 1440, got "9999"$/],
    ["--seed=", /^--seed must not be empty$/],
    ["--faults earthquake", /^--faults knows kill -9, .*, got "earthquake"$/],
    ["--fast", /^Unknown option '--fast'; npm run chaos -- /],
    ["now", /^Unexpected argument 'now'; npm run chaos -- /],
  ])("%s", (line, message) => {
    expect(() => parseCommandLine(line.split(" "))).toThrow(UsageError);
    expect(() => parseCommandLine(line.split(" "))).toThrow(message);
  });
});
