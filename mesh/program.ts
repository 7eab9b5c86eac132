import { environment, isProduction } from "../settings/environment.ts";
import { type ConfigOf, readConfig, StartError } from "../settings/read-config.ts";
import type { Settings } from "../settings/setting.ts";
import { unknownNames } from "../settings/unknown-names.ts";
import { systemClock } from "./clock.ts";
import { faultsFrom } from "./faults.ts";
import { type Identity, loadIdentity } from "./identity/identity.ts";
import { createLog, type Log } from "./log.ts";
import { factsOfThisProcess, waysIntoMemory } from "./memory-guards.ts";
import { PROGRAM_SETTINGS } from "./settings.ts";
import type { Surroundings } from "./surroundings.ts";
import { startTelemetry } from "./tracing/telemetry.ts";

/** What is running may take this long to end when the program is told to stop. */
const DRAIN_GRACE_MS = 30_000;
/** A collector may take the last spans without an end. */
const SPANS_MS_MAX = 10_000;
/** A program in which something failed that nobody caught may not be able to end in order. */
const FAILED_DRAIN_MS_MAX = 40_000;

/**
 * Runs one program from its main.ts until it is told to stop:
 *
 *     await runProgram("relay", RELAY_SETTINGS, async (program, config) => {
 *       …
 *       return { address: server.address, drain: (graceMs) => server.drain(graceMs) };
 *     });
 *
 * It reads the program's settings and those of every program, and warns of each `CARDLANE_`
 * variable that is not a setting, and of each way in which others could read its memory. Production
 * refuses the latter. It gives the program its clock, log and telemetry; tells a parent
 * process when it is ready; and drains on SIGTERM, SIGINT, or when the parent has gone. A second
 * signal ends it at once.
 *
 * An error that nobody caught is logged and ends the program in the same order, with exit code 1:
 * it may have left anything half done, and a program that starts again knows from its store.
 */
export async function runProgram<S extends Settings>(
  name: string,
  settings: S,
  start: (program: Program, config: ProgramConfig<S>) => Promise<RunningProgram>,
): Promise<void> {
  const { program, config } = await prepare(name, settings);
  const stop = stopRequest(program);
  let isReady = false;
  try {
    const running = await Promise.race([start(program, config), stop.failed]);
    isReady = true;
    program.log.info("ready", { address: running.address });
    process.send?.({ ready: true, address: running.address } satisfies ReadyMessage);
    const reason = await Promise.race([stop.asked, stop.failed.catch(() => "failure")]);
    program.log.info("stopping", { signal: reason });
    await running.drain(DRAIN_GRACE_MS);
    program.log.info("stopped");
  } catch (error) {
    report(program, error, isReady);
    process.exitCode = 1;
  }
  await endTelemetry(program);
  // Whatever a library left running must not keep a program that has stopped.
  process.exit();
}

/** Whatever becomes of the last spans, the program has ended in order. */
async function endTelemetry({ telemetry, clock, log }: Program): Promise<void> {
  const outcome = telemetry.shutdown().then(
    () => undefined,
    (error) => log.failure("the last spans were not taken", error),
  );
  await Promise.race([outcome, clock.sleep(SPANS_MS_MAX)]);
}

/** A program's own settings, and those of every program. */
type ProgramConfig<S extends Settings> = ConfigOf<typeof PROGRAM_SETTINGS> & ConfigOf<S>;

/** What every program is given; its faults are what CARDLANE_FAULTS asks for. */
export interface Program extends Surroundings {
  readonly name: string;
  /** CARDLANE_INSTANCE, or the name with the process id: "relay-4711". */
  readonly instance: string;
  /** NODE_ENV=production: development keys and plaintext are refused then. */
  readonly isProduction: boolean;
  /**
   * The TLS identity from `directory`; undefined without a directory, for plaintext on loopback.
   *
   * @throws StartError in production without a directory, or when the files are of no use.
   */
  identityFrom(directory: string | undefined): Promise<Identity | undefined>;
}

export interface RunningProgram {
  /** "127.0.0.1:7001" */
  readonly address: string;
  /** Ends everything in order, database included. */
  drain(graceMs: number): Promise<void>;
}

/** Sent to the parent process over IPC. */
export interface ReadyMessage {
  readonly ready: true;
  readonly address: string;
}

async function prepare<S extends Settings>(
  name: string,
  settings: S,
): Promise<{ readonly program: Program; readonly config: ProgramConfig<S> }> {
  const config = configOrEnd(name, settings);
  const instance = config.instance ?? `${name}-${process.pid}`;
  const clock = systemClock;
  const named = { program: name, instance };
  const log = createLog(named, clock, config.logLevel);
  closeMemory(name, log);
  for (const { name: setting, nearest } of unknownNames(environment)) {
    log.warn("a variable that is not a setting", { setting, nearestSetting: nearest });
  }
  const program: Program = {
    name,
    instance,
    isProduction: isProduction(),
    clock,
    log,
    telemetry: await startTelemetry(named, environment),
    async identityFrom(directory) {
      if (directory !== undefined) return loadIdentity(directory, { clock, log });
      if (!isProduction()) return undefined;
      throw new StartError(`${name} cannot start:\n  production needs TLS files`);
    },
    faults: faultsFrom(config.faults, clock),
  };
  return { program, config };
}

/** Keys and card numbers are in the memory of a program: production keeps others out of it. */
function closeMemory(name: string, log: Log): void {
  const ways = waysIntoMemory(factsOfThisProcess(environment.NODE_OPTIONS));
  if (ways.length > 0 && isProduction()) {
    process.stderr.write(`${name} cannot start:\n  ${ways.join("\n  ")}\n`);
    process.exit(1);
  }
  for (const way of ways) log.warn("others can read the memory of this program", { way });
}

/** Wrong settings end the program here: where its log goes may be one of them. */
function configOrEnd<S extends Settings>(name: string, settings: S): ProgramConfig<S> {
  try {
    const all = { ...PROGRAM_SETTINGS, ...settings };
    return readConfig(name, environment, all) as ProgramConfig<S>;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

interface StopRequest {
  /** Resolves with the reason when the program is told to stop. */
  readonly asked: Promise<string>;
  /** Rejects with the first error that nobody caught. */
  readonly failed: Promise<never>;
}

function stopRequest({ log, clock }: Program): StopRequest {
  const asked = Promise.withResolvers<string>();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  let isStopping = false;
  const stop = (reason: string) => {
    if (isStopping) process.exit(1);
    isStopping = true;
    asked.resolve(reason);
  };
  const fail = (error: unknown) => {
    log.failure("an error that nobody caught", error);
    if (isStopping) process.exit(1);
    isStopping = true;
    process.exitCode = 1;
    clock.timer(FAILED_DRAIN_MS_MAX, () => process.exit());
    failed.reject(error);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.on("disconnect", () => asked.resolve("parent gone"));
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  return { asked: asked.promise, failed: failed.promise };
}

/**
 * Why it cannot start is for the person at the terminal: a missing file, a database that does not
 * answer. Once it serves, an error's text may quote what it was given, so it is for the log alone.
 */
function report({ name, log }: Program, error: unknown, isReady: boolean): void {
  if (error instanceof StartError) process.stderr.write(`${error.message}\n`);
  else if (!isReady) process.stderr.write(`${name} cannot start:\n  ${messageOf(error)}\n`);
  else log.failure("the program failed", error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
