import { Command } from "commander";
import { expect, expectTypeOf, test } from "vitest";
import { recordedIo } from "../testing/recorded-io.ts";
import { type Flags, type OptionsOf, runs } from "./flags.ts";

const FLAGS = {
  "-n, --limit <count>": { says: "how many", default: "20" },
  "--time-zone <zone>": "where",
  "--pin-on-reader": "a switch",
  "--role <role>": { says: "what it is", choices: ["relay", "reader"], isRequired: true },
  "--tap": { says: "one way", conflicts: ["swipe"] },
  "--swipe": "another way",
} as const satisfies Flags;

/** What a command with these flags gets for what was typed. */
async function given(...typed: readonly string[]): Promise<readonly unknown[]> {
  const io = recordedIo();
  const command = new Command("cardlane").exitOverride().configureOutput({ writeErr: () => {} });
  let seen: readonly unknown[] = [];
  const ends = { io, finish: (exitCode: number) => expect(exitCode).toBe(7) };
  const run = async (_io: unknown, number: string, options: OptionsOf<typeof FLAGS>) => {
    expectTypeOf(options.limit).toEqualTypeOf<string>();
    expectTypeOf(options.timeZone).toEqualTypeOf<string | undefined>();
    expectTypeOf(options.pinOnReader).toEqualTypeOf<boolean | undefined>();
    expectTypeOf(options.role).toEqualTypeOf<string>();
    seen = [number, options];
    return 7;
  };
  runs(ends, command.command("query <number>"), FLAGS, run);
  await command.parseAsync(["query", ...typed], { from: "user" });
  return seen;
}

test("a command gets its words, and its flags under the names that their type says", async () => {
  const [number, options] = await given("0042", "--role", "relay", "--pin-on-reader", "--tap");
  expect(number).toBe("0042");
  expect(options).toEqual({
    limit: "20",
    role: "relay",
    pinOnReader: true,
    tap: true,
    dataDir: expect.any(String),
  });
  const more = await given("1", "--role=reader", "-n", "5", "--time-zone", "UTC", "--json");
  expect(more[1]).toMatchObject({ limit: "5", role: "reader", timeZone: "UTC", json: true });
});

test.each([
  { name: "without a flag that is required", typed: [], says: "'--role <role>' not specified" },
  { name: "with no such choice", typed: ["--role", "till"], says: "Allowed choices are relay" },
  { name: "with no such flag", typed: ["--role", "relay", "--dip"], says: "unknown option" },
  {
    name: "with two flags that exclude each other",
    typed: ["--role", "relay", "--swipe", "--tap"],
    says: "cannot be used with option",
  },
])("a command $name is refused", async ({ typed, says }) => {
  await expect(given("1", ...typed)).rejects.toThrow(says);
});
