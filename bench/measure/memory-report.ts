// Loaded into a program before its own code (node --import): on SIGUSR2 it collects garbage, gives
// back what is free, then writes what memory is still in use to <BENCH_MEMORY_DIR>/<pid>.json.

import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { valueAtLoad } from "../../settings/read-config.ts";
import { BENCH_SETTINGS } from "../settings.ts";

const directory = valueAtLoad(BENCH_SETTINGS.memoryDirectory);
/** One collection stops a program for a moment; all of these do so for a second or two. */
const isThorough = valueAtLoad(BENCH_SETTINGS.memoryCare) !== "gentle";
/** What the first collection frees may let a second one free more: buffers, finalizers. */
const COLLECTIONS = isThorough ? 4 : 1;

if (directory !== undefined) process.on("SIGUSR2", () => report(directory));

function report(into: string): void {
  for (let done = 0; done < COLLECTIONS; done += 1) collect();
  const file = join(into, `${process.pid}.json`);
  writeFileSync(`${file}.new`, JSON.stringify(process.memoryUsage()));
  renameSync(`${file}.new`, file);
}

/** "last-resort" also gives pages back that are kept for the next objects. */
function collect(): void {
  const flavor = isThorough ? "last-resort" : "regular";
  globalThis.gc?.({ type: "major", execution: "sync", flavor });
}
