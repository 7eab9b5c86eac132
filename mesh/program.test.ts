import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ProcessorService } from "../gen/cardlane/processor/v1/processor_pb.ts";
import { guardedNode } from "../set-up/guarded-node.mjs";
import { environment as inherited } from "../settings/environment.ts";
import { dial } from "./client/dial.ts";
import { systemClock } from "./clock.ts";
import { temporaryDirectory } from "./testing/certificates.ts";
import { box, echoServer } from "./testing/echo-server.ts";
import { receive } from "./testing/received.ts";

/** A program of one server, which answers what it is asked. */
const PROGRAM = `
import { hostPort, setting } from "${import.meta.dirname}/../settings/setting.ts";
import { runProgram } from "${import.meta.dirname}/program.ts";
import { echoServer } from "${import.meta.dirname}/testing/echo-server.ts";
import { TLS_SETTINGS } from "${import.meta.dirname}/settings.ts";
const SETTINGS = {
  listen: setting({ name: "CARDLANE_LISTEN", reads: hostPort, default: "127.0.0.1:0", says: "" }),
  ...TLS_SETTINGS,
};
await runProgram("echo", SETTINGS, async (program, { listen, tlsDirectory }) => {
  const { clock, log, telemetry, identityFrom } = program;
  await identityFrom(tlsDirectory);
  telemetry.spanOf(undefined, "echo.start", "internal").end();
  const server = await echoServer({ listen, clock, log, telemetry });
  process.on("message", (failure) => {
    const error = new TypeError("4242424242424242 is nobody's business");
    if (failure === "throw") setImmediate(() => { throw error; });
    if (failure === "reject") void Promise.reject(error);
  });
  return { address: server.address, drain: (graceMs) => server.drain(graceMs) };
});
`;

interface Start {
  readonly command: string;
  readonly commandArguments: readonly string[];
}

/** Starts the program; what it prints is in `output`. */
async function started(
  environment: Record<string, string> = {},
  startOf: (file: string) => Start = (file) => guardedNode(process.execPath, [file]),
) {
  const directory = await temporaryDirectory();
  const file = join(directory.path, "main.ts");
  await writeFile(file, PROGRAM);
  const { command, commandArguments } = startOf(file);
  const child: ChildProcess = spawn(command, commandArguments, {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: { ...inherited, ...environment },
  });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("bug: the program has no output");
  const output: string[] = [];
  stdout.on("data", (chunk) => output.push(String(chunk)));
  stderr.on("data", (chunk) => output.push(String(chunk)));
  const whole = Promise.all([once(child, "exit"), once(stdout, "end"), once(stderr, "end")]);
  const ended = whole.then(([[code]]) => code as number);
  return {
    child,
    stdout,
    ended,
    output: () => output.join(""),
    async address(): Promise<string> {
      const [message] = (await once(child, "message")) as [{ ready: true; address: string }];
      return message.address;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** Waits until the program has printed it. */
async function until(program: Pick<Started, "stdout" | "output">, text: string): Promise<void> {
  while (!program.output().includes(text)) await once(program.stdout, "data");
}

type Started = Awaited<ReturnType<typeof started>>;

test("it says when it is ready, and SIGTERM lets it finish what it has", async () => {
  await using program = await started();
  const address = await program.address();
  using channel = dial({ targets: [address], services: [], clock: systemClock });
  const stream = channel.openStream(ProcessorService.method.process);
  const received = receive(stream);
  stream.send(box(1));
  await received.count(1);
  program.child.kill("SIGTERM");
  stream.send(box(2));
  await received.count(2);
  stream.end();
  expect(await received.end).toMatchObject({ clean: true });
  expect(await program.ended).toBe(0);
  expect(program.output()).toContain('"message":"stopped"');
});

test("it ends as ever when its last spans find no collector", async () => {
  await using program = await started({
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
    OTEL_EXPORTER_OTLP_TIMEOUT: "500",
    OTEL_LOGS_EXPORTER: "none",
  });
  await program.address();
  program.child.kill("SIGTERM");
  expect(await program.ended).toBe(0);
  expect(program.output()).toContain("the last spans were not taken");
});

test("it warns of a variable that is close to a setting, and of none that is one", async () => {
  await using program = await started({ CARDLANE_LISTN: "127.0.0.1:1", CARDLANE_RELAY: "r:1" });
  await program.address();
  program.child.kill("SIGTERM");
  await program.ended;
  const warnings = program
    .output()
    .split("\n")
    .filter((line) => line.includes('"warn"'));
  expect(warnings.map((line) => JSON.parse(line))).toMatchObject([
    {
      message: "a variable that is not a setting",
      setting: "CARDLANE_LISTN",
      nearest_setting: "CARDLANE_LISTEN",
    },
  ]);
});

test("it ends when its parent goes away", async () => {
  await using program = await started();
  await program.address();
  program.child.disconnect();
  expect(await program.ended).toBe(0);
});

test("a second signal ends it at once", async () => {
  await using program = await started();
  const address = await program.address();
  using channel = dial({ targets: [address], services: [], clock: systemClock });
  const stream = channel.openStream(ProcessorService.method.process);
  const received = receive(stream);
  stream.send(box(1));
  await received.count(1);
  program.child.kill("SIGTERM");
  await once(program.stdout, "data");
  program.child.kill("SIGINT");
  expect(await program.ended).toBe(1);
});

test.each(["throw", "reject"])(
  "an error that nobody caught (%s) ends it in order",
  async (failure) => {
    await using program = await started();
    const address = await program.address();
    using channel = dial({ targets: [address], services: [], clock: systemClock });
    const stream = channel.openStream(ProcessorService.method.process);
    const received = receive(stream);
    stream.send(box(1));
    await received.count(1);
    program.child.send(failure);
    await until(program, '"message":"stopping"');
    stream.send(box(2));
    await received.count(2);
    stream.end();
    expect(await received.end).toMatchObject({ clean: true });
    expect(await program.ended).toBe(1);
    expect(program.output()).toContain(
      '"error_name":"TypeError","message":"an error that nobody caught"',
    );
    expect(program.output()).toContain('"message":"stopped"');
    expect(program.output()).not.toContain("4242");
  },
);

test("a second error that nobody caught ends it at once", async () => {
  await using program = await started();
  const address = await program.address();
  using channel = dial({ targets: [address], services: [], clock: systemClock });
  const stream = channel.openStream(ProcessorService.method.process);
  const received = receive(stream);
  stream.send(box(1));
  await received.count(1);
  program.child.send("throw");
  await until(program, '"message":"stopping"');
  program.child.send("throw");
  expect(await program.ended).toBe(1);
  expect(program.output()).not.toContain('"message":"stopped"');
});

test.each([
  {
    name: "a wrong setting",
    environment: { CARDLANE_LISTEN: "here" },
    says: 'echo cannot start:\n  CARDLANE_LISTEN must be host:port, got "here"\n',
  },
  {
    name: "plaintext in production",
    environment: { NODE_ENV: "production" },
    says: "echo cannot start:\n  production needs TLS files",
  },
  {
    name: "TLS files that are not there",
    environment: { CARDLANE_TLS_DIR: "/nowhere" },
    says: "the TLS files in /nowhere are of no use: ENOENT",
  },
  {
    name: "plaintext beyond loopback",
    environment: { CARDLANE_LISTEN: "0.0.0.0:0" },
    says: "plaintext is for loopback only: 0.0.0.0 needs a TLS identity",
  },
  {
    name: "faults on demand in production",
    environment: { NODE_ENV: "production", CARDLANE_FAULTS: "late@relay.database=1" },
    says: "CARDLANE_FAULTS is refused in production",
  },
  {
    name: "faults that nobody knows",
    environment: { CARDLANE_FAULTS: "explode@relay.database" },
    says: 'CARDLANE_FAULTS: "explode@relay.database" is not understood',
  },
  {
    name: "a log level that nobody knows",
    environment: { CARDLANE_LOG_LEVEL: "trace" },
    says:
      "echo cannot start:\n" +
      '  CARDLANE_LOG_LEVEL must be one of debug, info, warn, error, silent, got "trace"\n',
  },
])("it cannot start with $name, and says so", async ({ environment, says }) => {
  await using program = await started(environment);
  expect(await program.ended).toBe(1);
  expect(program.output()).toContain(says);
});

const openStarts = [
  {
    name: "without --disable-sigusr1",
    startOf: (file: string) => ({ command: process.execPath, commandArguments: [file] }),
    says: "SIGUSR1 opens an inspector",
  },
  {
    name: "with an inspector",
    startOf: (file: string) => guardedNode(process.execPath, ["--inspect=127.0.0.1:0", file]),
    says: "an inspector is open at 127.0.0.1:",
  },
];

test.each(openStarts)("production refuses a start $name", async ({ startOf, says }) => {
  await using program = await started({ NODE_ENV: "production" }, startOf);
  expect(await program.ended).toBe(1);
  expect(program.output()).toContain("echo cannot start:\n");
  expect(program.output()).toContain(says);
});

test.each(openStarts)("development warns of a start $name", async ({ startOf, says }) => {
  await using program = await started({}, startOf);
  await program.address();
  program.child.kill("SIGTERM");
  await program.ended;
  const warned = program.output().split("\n");
  expect(warned.find((line) => line.includes("others can read the memory"))).toContain(says);
});

test("it cannot start on a port that is taken, and says so", async () => {
  await using server = await echoServer();
  await using program = await started({ CARDLANE_LISTEN: server.address });
  expect(await program.ended).toBe(1);
  expect(program.output()).toBe(
    `cannot listen on ${server.address}: another program is listening there\n`,
  );
});
