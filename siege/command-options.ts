import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { UsageError } from "../bench/usage-error.ts";

/** The options of a command that has no other arguments. @throws UsageError in one line. */
export function commandOptions<Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false }).values;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!(error instanceof Error && code.startsWith("ERR_PARSE_ARGS_"))) throw error;
    throw new UsageError(error.message);
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
 * that there is not, else with what `run` gives.
 */
export async function runSiege(run: () => Promise<number>): Promise<never> {
  try {
    process.exit(await run());
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`error: ${error.message}`);
    process.exit(2);
  }
}
