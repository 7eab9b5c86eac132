import { endProcess } from "../mesh/end-process.ts";
import { commandLine } from "./command-line.ts";
import { processIo } from "./io/process-io.ts";
import { runCommand } from "./run-command.ts";

await endProcess(await runCommand(processIo(), commandLine, ["start", ...process.argv.slice(2)]));
