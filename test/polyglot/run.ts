// Other teams' tools and languages against real meshes: npm run test:polyglot
//
// Installs what is missing, each by its own package manager and pinned, and runs everything. What
// a machine lacks is named and left out; in CI that is a failure. The last line says how many
// passed.

import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Mesh, startMesh } from "../../dev-mesh/mesh-processes.ts";
import { systemClock } from "../../mesh/clock.ts";
import { endProcess, whenReaderIsGone } from "../../mesh/end-process.ts";
import { environment } from "../../settings/environment.ts";
import { installGoTool } from "../fixtures/grpcurl.ts";
import { isCi, REQUIRED } from "../fixtures/required.ts";
import { LANGUAGES, type Language } from "./languages.ts";
import { countsInWords, inWords, NO_TESTS, sumOf, type TestCounts } from "./test-counts.ts";
import { GO, lackOf, lackOfEnvoy, lackOfProxies } from "./toolchains.ts";

interface Row {
  readonly name: string;
  readonly counts: TestCounts;
  readonly seconds: number;
  /** Why it was left out, or where what it wrote is. */
  readonly note: string;
}

const root = join(import.meta.dirname, "../..");
const logs = join(root, ".cardlane", "polyglot");
const LOG_LINES_SHOWN = 60;
whenReaderIsGone();
mkdirSync(logs, { recursive: true });

const rows: Row[] = [];
await add("grpcurl, ghz", async () => lackOf(GO) ?? installTools());
await add("nginx, HAProxy", async () => lackOfProxies() ?? NO_TESTS);
await add("Envoy", async () => lackOfEnvoy() ?? NO_TESTS);
await add("tools and proxies", testTools);
await withMesh(async (mesh) => {
  for (const language of LANGUAGES) {
    const lack = language.needs.map(lackOf).find((one) => one !== undefined);
    await add(language.name, async () => lack ?? testLanguage(language, mesh));
  }
});

const total = sumOf(rows.map(({ counts }) => counts));
const leftOut = rows.filter(({ note }) => note.startsWith("left out"));
console.log("");
for (const { name, counts, seconds, note } of rows) {
  console.log(
    `${name.padEnd(18)}  ${inWords(counts).padEnd(34)}  ${`${seconds} s`.padStart(6)}  ${note}`,
  );
}
if (isCi && leftOut.length > 0) console.log("In CI nothing may be left out.");
console.log(inWords(total));
const isWhole = leftOut.length === 0 && total.skipped === 0;
await endProcess(total.failed === 0 && (isWhole || !isCi) ? 0 : 1);

/** Adds a row to the table. @param work gives what came of it, or what the machine lacks. */
async function add(name: string, work: () => Promise<TestCounts | string>): Promise<void> {
  const startMs = systemClock.monotonicMs();
  console.log(`${name} …`);
  const done = await work();
  const seconds = Math.round((systemClock.monotonicMs() - startMs) / 1_000);
  const isLeftOut = typeof done === "string";
  const counts = isLeftOut ? NO_TESTS : done;
  const note = isLeftOut ? `left out: ${done}` : `log in ${logFileOf(name)}`;
  rows.push({ name, counts, seconds, note: isLeftOut || counts.failed > 0 ? note : "" });
}

async function installTools(): Promise<TestCounts> {
  for (const tool of ["grpcurl", "ghz"] as const) await installGoTool(tool);
  return NO_TESTS;
}

/** What runs under vitest: the tools as docs/debugging.md has them, proxies, other processors. */
async function testTools(): Promise<TestCounts> {
  const files = ["test/polyglot", "test/fixtures/grpcurl.test.ts"];
  const command = [process.execPath, "test/run.ts", ...files];
  const { isPassed, output } = await run("tools and proxies", command, { directory: root });
  return failedAtLeastOnce(countsInWords(output), isPassed);
}

async function testLanguage(language: Language, mesh: Mesh): Promise<TestCounts> {
  const { name, preparations, tests, count } = language;
  const directory = join(root, language.folder);
  for (const command of preparations) {
    const { isPassed } = await run(name, command, { directory });
    if (!isPassed) return failedAtLeastOnce(NO_TESTS, false);
  }
  const environment = environmentOf(mesh);
  const { isPassed, output } = await run(name, tests, { directory, environment });
  return failedAtLeastOnce(count(output, directory), isPassed);
}

/** Where the live tests find the mesh, in the names of all three clients. */
function environmentOf({ addresses, directory }: Mesh): Readonly<Record<string, string>> {
  return {
    CARDLANE_MESH: directory.path,
    CARDLANE_MESH_DIR: directory.path,
    CARDLANE_TERMINAL: addresses.terminal,
    CARDLANE_RELAY: addresses.relay,
    CARDLANE_READER: addresses.reader,
    CARDLANE_PROCESSOR: addresses.processor,
  };
}

/** A mesh of real processes on any free ports, in a folder of its own. */
async function withMesh(work: (mesh: Mesh) => Promise<void>): Promise<void> {
  const dataDirectory = mkdtempSync(join(tmpdir(), "cardlane-polyglot-"));
  try {
    await using mesh = await startMesh({ dataDirectory });
    await work(mesh);
  } finally {
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}

/** What does not build has no tests that could fail. */
function failedAtLeastOnce(counts: TestCounts, isPassed: boolean): TestCounts {
  return isPassed || counts.failed > 0 ? counts : { ...counts, failed: 1 };
}

function logFileOf(name: string): string {
  return join(logs, `${name.replaceAll(/\W+/g, "-")}.log`);
}

/** Runs a command with its output in a log, whose end is shown when it fails. */
async function run(
  name: string,
  [command = "", ...rest]: readonly string[],
  options: {
    readonly directory: string;
    readonly environment?: Readonly<Record<string, string>>;
  },
): Promise<{ readonly isPassed: boolean; readonly output: string }> {
  const log = createWriteStream(logFileOf(name));
  const env = { ...environment, ...(isCi ? { [REQUIRED]: "true" } : {}), ...options.environment };
  const child = spawn(command, rest, { cwd: options.directory, env });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const exitCode = await new Promise((resolve) => {
    child.on("error", () => resolve(undefined)).on("close", resolve);
  });
  await new Promise<void>((resolve) => log.end(resolve));
  const output = readFileSync(logFileOf(name), "utf8");
  if (exitCode !== 0) {
    console.log(`${[command, ...rest].join(" ")} failed:`);
    console.log(readableEnd(output));
  }
  return { isPassed: exitCode === 0, output };
}

/** Of `go test -json` what its tests wrote, of everything else as it is. */
function readableEnd(output: string): string {
  const lines = output.split("\n").flatMap((line) => {
    if (!/^\{"(Time|ImportPath)":/.test(line)) return [line];
    const { Output } = JSON.parse(line);
    return typeof Output === "string" && !/^=== |^\s*--- PASS|^ok |no test files/.test(Output)
      ? [Output.trimEnd()]
      : [];
  });
  return lines.slice(-LOG_LINES_SHOWN).join("\n");
}
