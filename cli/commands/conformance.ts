import { dial } from "../../mesh/dial.ts";
import type { CommandIo, CommonOptions } from "../command-io.ts";
import type { Check, Target } from "../conformance/check.ts";
import { PROCESSOR_CHECKS } from "../conformance/processor.ts";
import { RELAY_CHECKS } from "../conformance/relay.ts";
import { TERMINAL_CHECKS } from "../conformance/terminal.ts";
import { EXIT_CODES } from "../exit-code.ts";
import { printable } from "../printable.ts";
import { type Column, tableLines } from "../table.ts";

/** What can be examined. */
export const ROLES: Readonly<Record<string, readonly Check[]>> = {
  relay: RELAY_CHECKS,
  processor: PROCESSOR_CHECKS,
  terminal: TERMINAL_CHECKS,
};

export interface ConformanceOptions extends CommonOptions {
  /** "host:port" */
  readonly target: string;
  readonly role: string;
}

interface Finding {
  readonly check: string;
  readonly isDone: boolean;
  /** What it does instead; empty when it does what the contract says. */
  readonly instead: string;
}

const COLUMNS: readonly Column[] = [{ heading: "" }, { heading: "What" }, { heading: "Instead" }];

/** Prints what an implementation does and does not do. @returns 0 when it does everything. */
export async function conformance(io: CommandIo, options: ConformanceOptions): Promise<number> {
  const { clock } = io;
  const { target: address } = options;
  // No service is named: a repeat would hide what the first answer was.
  using channel = dial({ targets: [address], services: [], clock });
  const target = { address, channel, clock };
  const findings: Finding[] = [];
  for (const check of ROLES[options.role] ?? []) {
    io.showStatus(check.name);
    findings.push(await examine(check, target));
  }
  const isConforming = findings.every(({ isDone }) => isDone);
  print(io, options, findings);
  return isConforming ? EXIT_CODES.approved : EXIT_CODES.error;
}

async function examine({ name, run }: Check, target: Target): Promise<Finding> {
  try {
    await run(target);
    return { check: name, isDone: true, instead: "" };
  } catch (error) {
    const instead = printable(error instanceof Error ? error.message : String(error));
    return { check: name, isDone: false, instead };
  }
}

function print(io: CommandIo, options: ConformanceOptions, findings: readonly Finding[]): void {
  if (options.json === true) {
    for (const finding of findings) io.print(JSON.stringify(finding));
    return;
  }
  const rows = findings.map(({ check, isDone, instead }) => [isDone ? "✓" : "✗", check, instead]);
  for (const line of tableLines(COLUMNS, rows, io.paint)) io.print(line);
  const done = findings.filter(({ isDone }) => isDone).length;
  io.print(`${done} of ${findings.length}: ${options.role} at ${options.target}`);
}
