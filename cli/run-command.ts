import { type Command, CommanderError } from "commander";
import { DEFAULT_DATA_DIRECTORY } from "../dev-mesh/mesh-directory.ts";
import { EXIT_CODES, reportOf } from "./command-end.ts";
import type { CommandIo, CommonOptions } from "./io/command-io.ts";

/**
 * Parses the arguments, runs the command they name and turns whatever goes wrong into one line.
 *
 * @returns the exit code.
 */
export async function runCommand(
  io: CommandIo,
  makeCommand: (io: CommandIo, finish: (exitCode: number) => void) => Command,
  commandArguments: readonly string[],
): Promise<number> {
  let exitCode: number = EXIT_CODES.approved;
  let options: CommonOptions = { dataDir: DEFAULT_DATA_DIRECTORY };
  const command = makeCommand(io, (code) => {
    exitCode = code;
  });
  command.hook("preAction", (_program, action) => {
    options = { ...options, ...action.opts<CommonOptions>() };
  });
  for (const one of everyCommand(command)) {
    one.exitOverride().configureOutput({
      writeOut: (text) => io.print(text.trimEnd()),
      writeErr: (text) => io.tell(text.trimEnd()),
    });
  }
  try {
    await command.parseAsync(commandArguments, { from: "user" });
    return exitCode;
  } catch (error) {
    // Commander has said already what is wrong, or was asked for help.
    if (error instanceof CommanderError) return error.exitCode;
    return tellError(io, error, options);
  }
}

function tellError(io: CommandIo, error: unknown, { dataDir, json }: CommonOptions): number {
  const { code, message, exitCode } = reportOf(error, dataDir);
  const line = `${io.paint("red", "error:")} ${message}`;
  io.tell(json === true ? JSON.stringify({ error: { code, message } }) : line);
  return exitCode;
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}
