import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { ManualClock } from "../mesh/testing/manual-clock.ts";
import { type ProgramPlan, startProgram } from "./program-process.ts";

const READY = 'process.send({ ready: true, address: "127.0.0.1:7403" });';
const STAY = "setInterval(() => {}, 60_000);";

interface Script extends Disposable {
  readonly plan: ProgramPlan;
}

function script(code: string, environment: Readonly<Record<string, string>> = {}): Script {
  const directory = mkdtempSync(join(tmpdir(), "cardlane-program-"));
  const entryPoint = join(directory, "main.ts");
  writeFileSync(entryPoint, code);
  const logFile = join(directory, "logs", "relay.log");
  return {
    plan: { name: "relay", entryPoint, environment, logFile },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  };
}

test("a program is running once it has told its address, and ends when it is told to", async () => {
  const clock = new ManualClock();
  using relay = script(`${STAY} process.on("SIGTERM", () => process.exit(0)); ${READY}`);
  const running = await startProgram(relay.plan, clock);
  expect(running.address).toBe("127.0.0.1:7403");
  expect(await running.stop(1_000, clock)).toMatchObject({ exitCode: 0, signal: null });
});

test("its log is for the owner's eyes", async () => {
  const clock = new ManualClock();
  using relay = script(`${STAY} ${READY}`);
  const running = await startProgram(relay.plan, clock);
  expect(statSync(dirname(relay.plan.logFile)).mode & 0o777).toBe(0o700);
  await running.stop(1_000, clock);
});

test("one that does not end when it is told to is killed after the grace", async () => {
  const clock = new ManualClock();
  using relay = script(`${STAY} process.on("SIGTERM", () => {}); ${READY}`);
  const running = await startProgram(relay.plan, clock);
  const stopped = running.stop(1_000, clock);
  await clock.advance(1_000);
  expect(await stopped).toMatchObject({ exitCode: null, signal: "SIGKILL" });
});

test("one that never gets ready is killed after a minute", async () => {
  const clock = new ManualClock();
  using relay = script(STAY);
  const started = startProgram(relay.plan, clock);
  const refused = expect(started).rejects.toThrow("relay did not start: was ended by SIGKILL");
  await clock.advance(60_000);
  await refused;
});

test.each([
  {
    name: "its own log line",
    code: 'console.log(JSON.stringify({ message: "no database", error_code: "ECONNREFUSED" }));',
    said: "no database (ECONNREFUSED)",
  },
  {
    name: "a plain line",
    code: 'console.error("relay cannot start:\\n  DATABASE_URL must be set");',
    said: "DATABASE_URL must be set",
  },
  {
    name: "a crash",
    code: 'throw new TypeError("relay id is missing");',
    said: "TypeError: relay id is missing",
  },
  {
    name: "escape sequences",
    code: 'console.error("\\u001b[31mred\\u001b[0m");',
    said: "red",
  },
])("one that dies at its start is named with the last line of its log: $name", async (row) => {
  using relay = script(`${row.code} process.exitCode = 1;`);
  const { logFile } = relay.plan;
  await expect(startProgram(relay.plan, new ManualClock())).rejects.toThrow(
    `relay did not start: ended with exit code 1: "${row.said}" (log: ${logFile})`,
  );
});

test("an earlier run's log stays, and is not taken for this one's", async () => {
  using relay = script('console.log("first line"); process.exitCode = 1;');
  const start = () => startProgram(relay.plan, new ManualClock());
  await expect(start()).rejects.toThrow("first line");
  writeFileSync(relay.plan.entryPoint, "process.exitCode = 2;");
  await expect(start()).rejects.toThrow(/ended with exit code 2 \(log/);
  expect(readFileSync(relay.plan.logFile, "utf8")).toBe("first line\n");
});

test("the program gets its own environment, without this process's debugger", async () => {
  const code = "console.log(process.env.CARDLANE_INSTANCE, process.env.NODE_OPTIONS);";
  using relay = script(`${code} process.exitCode = 1;`, { CARDLANE_INSTANCE: "A1" });
  await expect(startProgram(relay.plan, new ManualClock())).rejects.toThrow('"A1 undefined"');
});
