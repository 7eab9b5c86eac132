import { expect, test } from "vitest";
import { UsageError } from "../../bench/usage-error.ts";
import { readAbuseArguments } from "./arguments.ts";
import { ATTACKS } from "./attacks.ts";

test("the command line of the abuse asks for every attack where it asks for nothing", () => {
  expect(readAbuseArguments([])).toEqual({ attacks: ATTACKS, scale: 1, rounds: 3, isJson: false });
});

test.each([
  { args: ["--percent", "25"], asked: { scale: 0.25 } },
  { args: ["--rounds", "1", "--json"], asked: { rounds: 1, isJson: true } },
])("the command line of the abuse: $args is understood", ({ args, asked }) => {
  expect(readAbuseArguments(args)).toMatchObject(asked);
});

test("the command line of the abuse: one attack, or several", () => {
  const names = (...args: string[]) => readAbuseArguments(args).attacks.map(({ name }) => name);
  expect(names("--only", "PING flood")).toEqual(["PING flood"]);
  expect(names("--only", "zero window", "--only", "tiny frames")).toEqual([
    "tiny frames",
    "zero window",
  ]);
});

test.each([
  { args: ["--only", "smurfs"], says: 'there is no attack "smurfs" for --only, only tiny frames' },
  { args: ["--percent", "0"], says: '--percent must be a whole number from 1 to 100, not "0"' },
  { args: ["--rounds", "21"], says: '--rounds must be a whole number from 1 to 20, not "21"' },
  { args: ["tiny frames"], says: "tiny frames" },
  { args: ["--rounds", "-1"], says: /^Option '--rounds' argument is ambiguous\.$/ },
  { args: ["--hard"], says: "Unknown option '--hard'" },
])("the command line of the abuse: $args is refused", ({ args, says }) => {
  expect(() => readAbuseArguments(args)).toThrow(UsageError);
  expect(() => readAbuseArguments(args)).toThrow(says);
});
