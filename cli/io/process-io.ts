import { stripVTControlCharacters } from "node:util";
import { systemClock } from "../../mesh/clock.ts";
import { whenReaderIsGone } from "../../mesh/end-process.ts";
import { environment } from "../../settings/environment.ts";
import { paintFor } from "../print/text.ts";
import type { CommandIo } from "./command-io.ts";

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
  const interruption = new AbortController();
  onSignals(interruption);
  // `cardlane list | head`: what is under way ends in order, as at Ctrl-C.
  whenReaderIsGone(() => interruption.abort());
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
    workingDirectory: environment.INIT_CWD ?? process.cwd(),
    isInteractive: stdin.isTTY === true && stderr.isTTY === true,
    paint: paintFor(stdout),
    clock: systemClock,
    interrupted: interruption.signal,
  };
}

/** The first signal asks for an orderly end, the second one gets an end at once. */
function onSignals(interruption: AbortController): void {
  let isFirst = true;
  const interrupt = () => {
    if (!isFirst) process.exit(INTERRUPTED_TWICE);
    isFirst = false;
    interruption.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  process.on("SIGHUP", interrupt);
}
