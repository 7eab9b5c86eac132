import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../mesh/testing/certificates.ts";

const HAND_OVER = JSON.stringify(new URL("hand-over.mjs", import.meta.url).href);

/** Hands over to a program as `npm start` does; the shell between npm and Node stays there. */
const PACKAGE = JSON.stringify({ scripts: { start: "node start.mjs && true" } });
const START = `
  import { handOver } from ${HAND_OVER};
  handOver({ root: ".", node: process.execPath, script: "program.mjs", scriptArguments: [] });`;

/** Says which signals come, and takes a while to end, as a mesh does. */
const PROGRAM = `
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {
    console.log(signal);
    setTimeout(() => process.exit(), 1_500);
  });
  setTimeout(() => console.log("never stopped") ?? process.exit(), 20_000);
  console.log("up");`;

interface Started extends AsyncDisposable {
  readonly pid: number;
  /** All that was said, as soon as nobody is left who could say more. */
  readonly said: Promise<string>;
}

async function startThroughNpm(): Promise<Started> {
  const directory = await temporaryDirectory();
  const files = { "package.json": PACKAGE, "start.mjs": START, "program.mjs": PROGRAM };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(directory.path, name), content);
  }
  const npm = spawn("npm", ["start", "--silent"], {
    cwd: directory.path,
    stdio: ["ignore", "pipe", "inherit"],
    // A group of its own, as a terminal makes one.
    detached: true,
  });
  const chunks: string[] = [];
  npm.stdout.setEncoding("utf8").on("data", (chunk: string) => chunks.push(chunk));
  const said = once(npm, "close").then(() => chunks.join(""));
  await once(npm.stdout, "data");
  return {
    pid: npm.pid ?? Number.NaN,
    said,
    async [Symbol.asyncDispose]() {
      await said;
      await directory[Symbol.asyncDispose]();
    },
  };
}

test.each([
  { name: "SIGTERM to npm alone", toGroup: 1, signal: "SIGTERM", said: "up\nSIGTERM\n" },
  { name: "Ctrl-C, which all of them get", toGroup: -1, signal: "SIGINT", said: "up\nSIGINT\n" },
  { name: "a terminal that is closed", toGroup: -1, signal: "SIGHUP", said: "up\nSIGHUP\n" },
] as const)("$name ends everything, and the program hears it once", async (row) => {
  await using started = await startThroughNpm();
  process.kill(row.toGroup * started.pid, row.signal);
  expect(await started.said).toBe(row.said);
});

test.runIf(process.platform === "linux")(
  "a script that ends by a crash leaves no core file, whatever the shell allows",
  async () => {
    await using directory = await temporaryDirectory();
    writeFileSync(join(directory.path, "start.mjs"), START);
    for (const signal of ["SIGABRT", "SIGSEGV"]) {
      const crash = `process.kill(process.pid, ${JSON.stringify(signal)});`;
      writeFileSync(join(directory.path, "program.mjs"), crash);
      const shell = spawn(
        "sh",
        ["-c", 'ulimit -c unlimited; exec "$0" start.mjs', process.execPath],
        {
          cwd: directory.path,
          stdio: "ignore",
        },
      );
      await once(shell, "exit");
    }
    // Where cores go elsewhere the limit alone can be seen; a core is dumped here by default.
    expect(readdirSync(directory.path).sort()).toEqual(["program.mjs", "start.mjs"]);
  },
);
