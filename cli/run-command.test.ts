import { Code, ConnectError } from "@connectrpc/connect";
import { Command } from "commander";
import { expect, test } from "vitest";
import { toConnectError } from "../mesh/errors-to-wire.ts";
import { silentLog } from "../mesh/log.ts";
import { PaymentError } from "../payment/errors.ts";
import { CommandError } from "./command-end.ts";
import { commandLine } from "./command-line.ts";
import { runCommand } from "./run-command.ts";
import { recordedIo } from "./testing/recorded-io.ts";

async function failedWith(error: unknown, words: readonly string[] = []) {
  const io = recordedIo();
  const failing = () =>
    new Command("cardlane")
      .option("--json")
      .option("--data-dir <directory>")
      .action(() => Promise.reject(error));
  const exitCode = await runCommand(io, failing, words);
  return { exitCode, told: io.told, printed: io.printed };
}

const notFound = new PaymentError("PAYMENT_NOT_FOUND", "no record A17K-2M9Q-X4TM");

test.each([
  {
    name: "a wrong argument",
    error: new CommandError("USAGE", "--limit must be 1 to 500"),
    line: "error: --limit must be 1 to 500",
    exitCode: 1,
  },
  {
    name: "an error of the mesh",
    error: toConnectError(new PaymentError("READER_BUSY", "the reader is busy"), silentLog),
    line: "error: the reader is busy",
    exitCode: 1,
  },
  {
    name: "a payment that is not known",
    error: toConnectError(notFound, silentLog),
    line: "error: no record A17K-2M9Q-X4TM",
    exitCode: 3,
  },
  {
    name: "a terminal that went away",
    error: new CommandError("STREAM_CUT", "the terminal went away"),
    line: "error: the terminal went away",
    exitCode: 3,
  },
  {
    name: "a mesh that does not run",
    error: new ConnectError("connect ECONNREFUSED", Code.Unavailable),
    line: "error: no mesh runs on /data: start it with npm start",
    exitCode: 1,
  },
  {
    name: "several lines",
    error: new Error("first\n  second"),
    line: "error: unexpected: first second",
    exitCode: 1,
  },
  { name: "no error at all", error: "text", line: "error: an unknown error", exitCode: 1 },
  {
    name: "escape sequences",
    error: new CommandError("NOT_FOUND", "no \u001b[2Jrecord"),
    line: "error: no record",
    exitCode: 1,
  },
])("$name is one line", async ({ error, line, exitCode }) => {
  const failed = await failedWith(error, ["--data-dir", "/data"]);
  expect(failed).toEqual({ exitCode, told: [line], printed: [] });
});

test("with --json the error is an object", async () => {
  const { told } = await failedWith(notFound, ["--json"]);
  const [line = ""] = told;
  expect(JSON.parse(line)).toEqual({
    error: { code: "PAYMENT_NOT_FOUND", message: "no record A17K-2M9Q-X4TM" },
  });
});

test.each([
  { words: ["lst"], says: "Did you mean list?" },
  { words: ["pay", "12.50"], says: "missing required argument 'currency'" },
  { words: ["pay", "1", "EUR", "--tap", "--swipe"], says: "cannot be used with" },
  { words: ["pay", "1", "EUR", "--kind", "gift"], says: "Allowed choices are sale" },
  { words: ["pay", "1", "EUR", "--card", "visa"], says: "give --yes" },
  {
    words: ["pay", "1", "EUR", "--yes", "--data-dir", "/nowhere"],
    says: "start it with npm start",
  },
  { words: ["pay", "1", "EUR", "--card", "vissa", "--yes"], says: "did you mean visa?" },
  { words: ["query", "A17K-2M9Q-X4TN"], says: "record number has a wrong check character" },
  { words: ["trace", "A17"], says: "record number must be 12 letters and digits" },
  { words: ["query", "01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b"], says: "payment id must be a UUID" },
  { words: ["list", "--limit", "501"], says: '--limit must be 1 to 500, got "501"' },
  { words: ["list", "--state", "lost"], says: "--state must be one of received" },
  { words: ["watch", "--after", "-1"], says: "--after must be a sequence number" },
  { words: ["start", "--port-base", "80"], says: "--port-base must be 0" },
])("$words ends with exit code 1 and says what was expected", async ({ words, says }) => {
  const io = recordedIo();
  expect(await runCommand(io, commandLine, words)).toBe(1);
  expect(io.told.join("\n")).toContain(says);
  expect(io.printed).toEqual([]);
});

test("--help is no error and tells the exit codes", async () => {
  const io = recordedIo();
  expect(await runCommand(io, commandLine, ["--help"])).toBe(0);
  expect(io.printed.join("\n")).toContain("Exit codes: 0 approved");
});

test("cards lists what each test card provokes, with and without JSON", async () => {
  const io = recordedIo();
  expect(await runCommand(io, commandLine, ["cards"])).toBe(0);
  expect(await runCommand(io, commandLine, ["cards", "--json"])).toBe(0);
  const { cards } = JSON.parse(io.printed.at(-1) ?? "");
  expect(cards).toHaveLength(io.printed.length - 2);
  expect(cards[0]).toMatchObject({ name: "visa", number: "4242424242424242", pin: "1234" });
});
