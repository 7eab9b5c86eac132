import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../mesh/clock.ts";
import { printable } from "../mesh/printable.ts";
import type { ReadyMessage } from "../mesh/program.ts";
import { guardedNode } from "../set-up/guarded-node.mjs";
import { environment as ownEnvironment } from "../settings/environment.ts";

export interface ProgramPlan {
  /** For people: "relay". */
  readonly name: string;
  /** Path of its main.ts. */
  readonly entryPoint: string;
  /** On top of this process's own, and in place of it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Everything it writes is appended here. */
  readonly logFile: string;
}

/** A program that is running as a process of its own. */
export interface ProgramProcess {
  readonly pid: number;
  /** "127.0.0.1:7403" */
  readonly address: string;
  /** Resolves when the process is gone, whoever ended it. */
  readonly ended: Promise<ProgramEnd>;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL when it still runs after the grace. */
  stop(graceMs: number, clock: Clock): Promise<ProgramEnd>;
}

export interface ProgramEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** `ended with exit code 1: "no file certificate.json" (log: .cardlane/logs/relay.log)` */
  readonly description: string;
}

/** A program that ended before it was ready; the message is one line for a person. */
export class ProgramStartError extends Error {
  override readonly name = "ProgramStartError";
}

const LOG_LINE_CHARACTERS_MAX = 300;
/** `TypeError: …`, `Error [ERR_MODULE_NOT_FOUND]: …` */
const CRASH = /^\w*Error\b.*:/;
/** Migrations of a first start on a slow machine are done by then. */
const START_MS_MAX = 60_000;

/**
 * Starts a program under this very Node and waits until it says that it is ready.
 *
 * @throws ProgramStartError naming the program and the last line of its log.
 */
export async function startProgram(plan: ProgramPlan, clock: Clock): Promise<ProgramProcess> {
  mkdirSync(dirname(plan.logFile), { recursive: true, mode: 0o700 });
  const logStart = statSync(plan.logFile, { throwIfNoEntry: false })?.size ?? 0;
  const child = spawnProgram(plan);
  const ended = endOf(child).then(([exitCode, signal]): ProgramEnd => {
    const how = signal === null ? `ended with exit code ${exitCode}` : `was ended by ${signal}`;
    const line = lastLogLine(plan.logFile, logStart);
    const said = line === undefined ? "" : `: "${line}"`;
    return { exitCode, signal, description: `${how}${said} (log: ${plan.logFile})` };
  });
  using _patience = clock.timer(START_MS_MAX, () => child.kill("SIGKILL"));
  const address = await Promise.race([readyAddress(child), ended]);
  if (typeof address !== "string") {
    throw new ProgramStartError(`${plan.name} did not start: ${address.description}`);
  }
  return new StartedProcess(child, address, ended);
}

class StartedProcess implements ProgramProcess {
  readonly pid: number;
  readonly address: string;
  readonly ended: Promise<ProgramEnd>;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess, address: string, ended: Promise<ProgramEnd>) {
    if (child.pid === undefined) throw new Error("bug: a running program has a process id");
    this.pid = child.pid;
    this.address = address;
    this.ended = ended;
    this.#child = child;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(graceMs: number, clock: Clock): Promise<ProgramEnd> {
    this.kill("SIGTERM");
    using _grace = clock.timer(graceMs, () => this.kill("SIGKILL"));
    return await this.ended;
  }
}

function spawnProgram({ entryPoint, environment, logFile }: ProgramPlan): ChildProcess {
  const log = openSync(logFile, "a", 0o600);
  // What a debugger or a test runner wants of this process is not meant for the program.
  const { NODE_OPTIONS: _options, DATABASE_URL: _url, ...inherited } = ownEnvironment;
  try {
    const { command, commandArguments } = guardedNode(process.execPath, [entryPoint]);
    return spawn(command, commandArguments, {
      env: { ...inherited, ...environment },
      stdio: ["ignore", log, log, "ipc"],
      // A group of its own: Ctrl-C reaches us alone, and we stop the programs in order.
      detached: true,
    });
  } finally {
    closeSync(log);
  }
}

async function endOf(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  const [exitCode, signal] = await once(child, "exit");
  return [exitCode, signal];
}

/** Never settles for a program that ends before. */
function readyAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.on("message", (message: Partial<ReadyMessage> | null) => {
      if (message?.ready === true && message.address !== undefined) resolve(message.address);
    });
  });
}

/** What the program last said since `start`: the message of a JSON line, or the line as it is. */
function lastLogLine(logFile: string, start: number): string | undefined {
  const said = readFileSync(logFile).subarray(start).toString("utf8");
  const lines = said.split("\n").filter((one) => one.trim() !== "");
  // Of a crash, Node's last line is its own version; what happened stands above the stack.
  const isCrash = lines.at(-1)?.startsWith("Node.js v") === true;
  const line = (isCrash ? lines.findLast((one) => CRASH.test(one)) : undefined) ?? lines.at(-1);
  if (line === undefined) return undefined;
  return printable(messageOf(line)).trim().slice(0, LOG_LINE_CHARACTERS_MAX);
}

function messageOf(line: string): string {
  try {
    const { message, error_name, error_code } = JSON.parse(line);
    if (typeof message !== "string") return line;
    const facts = [error_name, error_code].filter((fact) => typeof fact === "string");
    return facts.length === 0 ? message : `${message} (${facts.join(", ")})`;
  } catch {
    // Not one of the program's own lines: Node's, or a message to the person at the terminal.
    return line;
  }
}
