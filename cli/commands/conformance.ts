import { resolve } from "node:path";
import type { Check, PayingTarget, PaymentChecks, Target } from "../../conformance/check.ts";
import { Counter } from "../../conformance/counter.ts";
import { PROCESSOR_CHECKS } from "../../conformance/processor.ts";
import { PROCESSOR_PAYMENTS } from "../../conformance/processor-payments.ts";
import { RELAY_CHECKS } from "../../conformance/relay.ts";
import { RELAY_PAYMENTS } from "../../conformance/relay-payments.ts";
import { TERMINAL_CHECKS } from "../../conformance/terminal.ts";
import { TERMINAL_PAYMENTS } from "../../conformance/terminal-payments.ts";
import { dial, type MeshChannel } from "../../mesh/client/dial.ts";
import { printable } from "../../mesh/printable.ts";
import { systemRandom } from "../../sealing/random.ts";
import { EXIT_CODES } from "../command-end.ts";
import type { CommandIo } from "../io/command-io.ts";
import type { Flags, OptionsOf } from "../io/flags.ts";
import { type Column, tableLines } from "../print/text.ts";

interface RoleChecks {
  /** What shows without keys. */
  readonly checks: readonly Check[];
  readonly payments: PaymentChecks;
}

/** What can be examined. */
export const ROLES: Readonly<Record<string, RoleChecks>> = {
  relay: { checks: RELAY_CHECKS, payments: RELAY_PAYMENTS },
  processor: { checks: PROCESSOR_CHECKS, payments: PROCESSOR_PAYMENTS },
  terminal: { checks: TERMINAL_CHECKS, payments: TERMINAL_PAYMENTS },
};

export const CONFORMANCE_FLAGS = {
  "--target <address>": { says: "where it listens, in plaintext: host:port", isRequired: true },
  "--keys <folder>": "keys of a development mesh: examines whole payments, too",
  "--processor <address>": "the processor behind a relay, for --keys",
  "--reader <address>": "the simulated reader at a terminal, for --keys",
  "--role <role>": { says: "what it is", choices: Object.keys(ROLES), isRequired: true },
} as const satisfies Flags;

type ConformanceOptions = OptionsOf<typeof CONFORMANCE_FLAGS>;

interface Finding {
  readonly check: string;
  readonly isDone: boolean;
  /** What it does instead; empty when it does what the contract says. */
  readonly instead: string;
}

const COLUMNS: readonly Column[] = [{ heading: "" }, { heading: "What" }, { heading: "Instead" }];

/** Prints what an implementation does and does not do. @returns 0 when it does everything. */
export async function conformance(io: CommandIo, options: ConformanceOptions): Promise<number> {
  const role = ROLES[options.role];
  if (role === undefined) throw new Error(`bug: nobody examines a ${options.role}`);
  const { clock } = io;
  const { target: address } = options;
  using channels = new DisposableStack();
  // No service is named: a repeat would hide what the first answer was.
  const channelTo = (one: string) => channels.use(dial({ targets: [one], services: [], clock }));
  const target = { address, channel: channelTo(address), clock };
  const findings = await examineAll(io, role.checks, target);
  if (options.keys !== undefined) {
    const paying = payingTarget(io, target, { ...options, keys: options.keys }, channelTo);
    findings.push(...(await examinePayments(io, role.payments, paying)));
  }
  const isConforming = findings.every(({ isDone }) => isDone);
  print(io, options, findings);
  return isConforming ? EXIT_CODES.approved : EXIT_CODES.error;
}

function payingTarget(
  io: CommandIo,
  target: Target,
  { keys, processor, reader }: ConformanceOptions & { readonly keys: string },
  channelTo: (address: string) => MeshChannel,
): PayingTarget {
  const keysDirectory = resolve(io.workingDirectory, keys);
  const counter = new Counter({ keysDirectory, clock: io.clock, random: systemRandom });
  const neighbours = {
    ...(processor === undefined ? {} : { processor: channelTo(processor) }),
    ...(reader === undefined ? {} : { reader: channelTo(reader) }),
  };
  return { ...target, counter, neighbours };
}

/** Where our devices are not taken, nothing about payments can be told. */
async function examinePayments(
  io: CommandIo,
  { introduction, introduce, checks }: PaymentChecks,
  target: PayingTarget,
): Promise<readonly Finding[]> {
  const introduced = await examineAll(io, [{ name: introduction, run: introduce }], target);
  if (introduced.some(({ isDone }) => !isDone)) return introduced;
  return [...introduced, ...(await examineAll(io, checks, target))];
}

async function examineAll<On extends Target>(
  io: CommandIo,
  checks: readonly Check<On>[],
  target: On,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of checks) {
    io.showStatus(check.name);
    findings.push(await examine(check, target));
  }
  return findings;
}

async function examine<On extends Target>({ name, run }: Check<On>, target: On): Promise<Finding> {
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
