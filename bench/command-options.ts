import { type ParseArgsConfig, type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { endProcess } from "../mesh/end-process.ts";
import { Interrupted } from "./interruption.ts";
import { UsageError } from "./usage-error.ts";

/** The options of a command that has no other arguments. @throws UsageError in one line. */
export function commandOptions<Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
) {
  return parsed({ args: [...args], options, allowPositionals: false }).values;
}

/** The options of a command, and what else it was given. @throws UsageError in one line. */
export function optionsAndNames<Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
) {
  const { values, positionals } = parsed({ args: [...args], options, allowPositionals: true });
  return { values, names: positionals };
}

function parsed<Config extends ParseArgsConfig>(config: Config) {
  try {
    return parseArgs(config);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!(error instanceof Error && code.startsWith("ERR_PARSE_ARGS_"))) throw error;
    // What Node advises on the lines after it is about its own options.
    throw new UsageError(error.message.split("\n", 1)[0] ?? "");
  }
}

/** @throws UsageError when the option is no whole number from `min` to `max`. */
export function wholeNumber(
  option: string,
  text: string,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= min && number <= max) return number;
  throw new UsageError(`--${option} must be a whole number from ${min} to ${max}, not "${text}"`);
}

/**
 * Runs a command and ends the process: with 2 and one line when the arguments ask for something
 * that there is not, as a shell calls it after an `interruption`, else with what `run` gives.
 */
export async function runTool(run: () => Promise<number>): Promise<never> {
  try {
    return await endProcess(await run());
  } catch (error) {
    if (error instanceof Interrupted) return await endProcess(error.exitCode);
    if (!(error instanceof UsageError)) throw error;
    console.error(`error: ${error.message}`);
    return await endProcess(2);
  }
}
