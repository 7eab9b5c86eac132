import { commandLine } from "./command-line.ts";
import { processIo } from "./process-io.ts";
import { runCommand } from "./run-command.ts";

process.exit(await runCommand(processIo(), commandLine, process.argv.slice(2)));
