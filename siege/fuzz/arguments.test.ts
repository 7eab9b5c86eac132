import { describe, expect, test } from "vitest";
import { UsageError } from "../../bench/usage-error.ts";
import { readFuzzArguments } from "./arguments.ts";

const read = (...args: string[]) => readFuzzArguments(args, () => "drawn");

describe("the command line of the fuzzer", () => {
  test("asks for every port where it asks for nothing", () => {
    expect(read()).toMatchObject({ seed: "drawn", first: 1, last: 10_000, isReplay: false });
    expect(read().doors.map(({ name }) => name)).toEqual([
      "reader",
      "terminal",
      "relay",
      "processor",
      "pin-service",
      "terminal over TLS",
      "relay over TLS",
      "processor over TLS",
      "pin-service over TLS",
      "inbox",
      "inbox, mail",
      "inbox, SMS",
    ]);
  });

  test.each([
    { args: ["--connections", "7"], asked: { last: 7, isReplay: false } },
    { args: ["--seed", "a b"], asked: { seed: "a b" } },
    {
      args: ["--seed", "x", "--case", "9"],
      asked: { seed: "x", first: 9, last: 9, isReplay: true },
    },
    { args: ["--port-of", "relay"], asked: { sameDoors: " --port-of relay" } },
  ])("$args is understood", ({ args, asked }) => {
    expect(read(...args)).toMatchObject(asked);
  });

  test("a program has one port for each mesh", () => {
    const names = (...args: string[]) => read(...args).doors.map(({ name }) => name);
    expect(names("--port-of", "relay")).toEqual(["relay", "relay over TLS"]);
    expect(names("--port-of", "reader")).toEqual(["reader"]);
    expect(names("--port-of", "inbox")).toEqual(["inbox", "inbox, mail", "inbox, SMS"]);
  });

  test.each([
    {
      args: ["--connections", "0"],
      says: '--connections must be a whole number from 1 to 10000000, not "0"',
    },
    { args: ["--connections", "1e3"], says: 'not "1e3"' },
    { args: ["--case", "1"], says: "--case needs the --seed that it is of" },
    { args: ["--seed", "x", "--case", "-1"], says: "--case" },
    { args: ["--seed", "x", "--case", "1", "--connections", "5"], says: "not both" },
    { args: ["--seed", ""], says: "--seed must not be empty" },
    { args: ["--port-of", "till"], says: "--port-of must be one of reader, terminal, relay" },
    { args: ["relay"], says: "relay" },
    { args: ["--fast"], says: "Unknown option '--fast'" },
  ])("$args is refused", ({ args, says }) => {
    expect(() => read(...args)).toThrow(UsageError);
    expect(() => read(...args)).toThrow(says);
  });
});
