import { type Clock, systemClock } from "../../mesh/clock.ts";
import type { CommandIo } from "../io/command-io.ts";
import { plainPaint } from "../print/text.ts";

/** What a command wrote, for tests. */
export interface RecordedIo extends CommandIo {
  readonly printed: readonly string[];
  readonly told: readonly string[];
}

export function recordedIo(
  changes: { readonly clock?: Clock; readonly interrupted?: AbortSignal } = {},
): RecordedIo {
  const printed: string[] = [];
  const told: string[] = [];
  return {
    printed,
    told,
    print: (line) => void printed.push(line),
    tell: (line) => void told.push(line),
    showStatus: () => {},
    columns: 100,
    workingDirectory: "/",
    isInteractive: false,
    paint: plainPaint,
    clock: changes.clock ?? systemClock,
    interrupted: changes.interrupted ?? new AbortController().signal,
  };
}
