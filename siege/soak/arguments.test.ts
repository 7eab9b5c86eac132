import { expect, test } from "vitest";
import { UsageError } from "../../bench/usage-error.ts";
import { readSoakArguments } from "./arguments.ts";

const read = (...args: string[]) => readSoakArguments(args, () => "drawn");

test.each([
  { args: [], asked: { durationMs: 3_600_000, seed: "drawn" } },
  { args: ["--minutes", "2", "--seed", "7"], asked: { durationMs: 120_000, seed: "7" } },
])("the command line of the soak: $args is understood", ({ args, asked }) => {
  expect(read(...args)).toEqual(asked);
});

test.each([
  { args: ["--minutes", "1"], says: '--minutes must be a whole number from 2 to 10080, not "1"' },
  { args: ["--minutes", "half"], says: 'not "half"' },
  { args: ["--seed", " "], says: "--seed must not be empty" },
  { args: ["60"], says: "60" },
  { args: ["--hours", "1"], says: "Unknown option '--hours'" },
])("the command line of the soak: $args is refused", ({ args, says }) => {
  expect(() => read(...args)).toThrow(UsageError);
  expect(() => read(...args)).toThrow(says);
});
