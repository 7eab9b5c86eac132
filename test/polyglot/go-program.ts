import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { environment } from "../../settings/environment.ts";
import { TOOLS } from "../fixtures/grpcurl.ts";
import { canUse } from "../fixtures/required.ts";
import { GO, lackOf } from "./toolchains.ts";

/** Programs of clients/go. */
type GoProgramName = "processor" | "reader" | "provision";

/** npm run test:polyglot needs it. */
export const hasGo = canUse("go", lackOf(GO) === undefined);

const MODULE = resolve("clients/go");

/** Builds it, as its README says. */
async function buildGoProgram(name: GoProgramName): Promise<string> {
  const path = resolve(TOOLS, name);
  await promisify(execFile)("go", ["build", "-o", path, `./cmd/${name}`], { cwd: MODULE });
  return path;
}

export interface GoProgram extends AsyncDisposable {
  /** "127.0.0.1:7414" */
  readonly address: string;
}

/** Starts it and waits until it says where it listens. */
export async function startGoProgram(
  name: GoProgramName,
  options: {
    readonly environment: Readonly<Record<string, string>>;
    readonly programArguments?: readonly string[];
  },
): Promise<GoProgram> {
  const path = await buildGoProgram(name);
  const env = { ...environment, ...options.environment };
  const child = spawn(path, options.programArguments ?? [], { env, stdio: ["ignore", 2, "pipe"] });
  try {
    return { address: await addressOf(child), [Symbol.asyncDispose]: () => end(child) };
  } catch (error) {
    await end(child);
    throw error;
  }
}

async function addressOf(child: ChildProcess): Promise<string> {
  const listening = Promise.withResolvers<string>();
  let said = "";
  child.stderr?.on("data", (chunk) => {
    said += String(chunk);
    const [, address] = /address[=" :]+(127\.0\.0\.1:\d+)/.exec(said) ?? [];
    if (address !== undefined) listening.resolve(address);
  });
  child.on("exit", () => listening.reject(new Error(`it ended:\n${said}`)));
  return await listening.promise;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}
