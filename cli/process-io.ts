import { stripVTControlCharacters } from "node:util";
import { systemClock } from "../mesh/clock.ts";
import type { CommandIo } from "./command-io.ts";
import { paintFor } from "./paint.ts";

const COLUMNS_DEFAULT = 100;
const COLUMNS_MIN = 60;
/** Pictures that are wider only put more space between what belongs together. */
const COLUMNS_MAX = 120;
/** What the operating system calls an end by SIGINT: 128 + 2. */
const INTERRUPTED_TWICE = 130;
/** Back to the start of the line, and empty it. */
const CLEAR_LINE = "\r\u001b[K";

/** This process's own output and signals. */
export function processIo(): CommandIo {
  const { stdout, stderr, stdin } = process;
  // `cardlane list | head` closes the pipe early, which is no error.
  stdout.on("error", () => process.exit());
  let isStatusShown = false;
  const showStatus = (text: string) => {
    if (!stderr.isTTY) return;
    stderr.write(`${isStatusShown ? CLEAR_LINE : ""}${text}`);
    isStatusShown = text !== "";
  };
  return {
    print: (line) => {
      showStatus("");
      stdout.write(`${line}\n`);
    },
    tell: (line) => {
      showStatus("");
      stderr.write(`${stderr.isTTY ? line : stripVTControlCharacters(line)}\n`);
    },
    showStatus,
    columns: Math.min(Math.max(stdout.columns ?? COLUMNS_DEFAULT, COLUMNS_MIN), COLUMNS_MAX),
    workingDirectory: process.env.INIT_CWD ?? process.cwd(),
    isInteractive: stdin.isTTY === true && stderr.isTTY === true,
    paint: paintFor(stdout),
    clock: systemClock,
    interrupted: interruption(),
  };
}

/** The first signal asks for an orderly end, the second one gets an end at once. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(INTERRUPTED_TWICE);
    controller.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  process.on("SIGHUP", interrupt);
  return controller.signal;
}
