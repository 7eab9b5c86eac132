import { AuditChain, type AuditHead } from "../../audit/audit-chain.ts";
import { entryOfMessage } from "../../audit/audit-service.ts";
import { openRunningMesh, type RunningMesh } from "../../dev-mesh/clients.ts";
import {
  type AuditEntry,
  AuditEntrySchema,
  AuditStep,
} from "../../gen/cardlane/audit/v1/audit_pb.ts";
import { printable } from "../../mesh/printable.ts";
import { enumName } from "../../payment/enum-name.ts";
import { CommandError, EXIT_CODES } from "../command-end.ts";
import { type CommandIo, parseLimit, printMessage } from "../io/command-io.ts";
import type { Flags, OptionsOf } from "../io/flags.ts";
import { type Column, formatWhen, tableLines } from "../print/text.ts";

export const AUDIT_LIST_FLAGS = {
  "-n, --limit <count>": { says: "how many of each log, 1 to 500", default: "50" },
} satisfies Flags;

export const AUDIT_VERIFY_FLAGS = {
  "--head <log:sequence:hash>": {
    says: "a head that was printed before, which the log must still contain; with commas several",
  },
} satisfies Flags;

/** Programs that keep a log of what operators did. */
const LOGS = ["relay", "processor", "pin-service"] as const;
type LogName = (typeof LOGS)[number];

const COLUMNS: readonly Column[] = [
  { heading: "Log" },
  { heading: "Entry", isRight: true },
  { heading: "When" },
  { heading: "Operator" },
  { heading: "Step" },
  { heading: "Call" },
  { heading: "What" },
];

/** Prints what operators did, the newest last. @returns the exit code. */
export async function auditList(
  io: CommandIo,
  options: OptionsOf<typeof AUDIT_LIST_FLAGS>,
): Promise<number> {
  const limit = parseLimit(options.limit);
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const rows: (readonly string[])[] = [];
  for (const name of LOGS) {
    const last: AuditEntry[] = [];
    for await (const entry of entriesOf(mesh, name)) {
      // Programs that share a database share its log.
      if (entry.program !== name) continue;
      last.push(entry);
      if (last.length > limit) last.shift();
    }
    for (const entry of last) {
      if (options.json === true) printMessage(io, AuditEntrySchema, entry);
      else rows.push(rowOf(name, entry));
    }
  }
  if (options.json === true) return EXIT_CODES.approved;
  if (rows.length === 0) io.print("No operator has done anything yet.");
  else for (const line of tableLines(COLUMNS, rows, io.paint)) io.print(line);
  return EXIT_CODES.approved;
}

/** Looks whether each log is a chain from its first entry on. @returns the exit code. */
export async function auditVerify(
  io: CommandIo,
  options: OptionsOf<typeof AUDIT_VERIFY_FLAGS>,
): Promise<number> {
  const heads = parseHeads(options.head);
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  let areWhole = true;
  for (const name of LOGS) {
    const chain = new AuditChain(heads.get(name));
    for await (const entry of entriesOf(mesh, name)) chain.take(entryOfMessage(entry));
    const { entries, head, faults, open } = chain.report();
    const end = head === undefined ? "" : `, head ${name}:${head.sequence}:${head.hash}`;
    io.print(`${name}: ${entries} entries${end}`);
    for (const fault of faults) io.print(io.paint("red", `  ${fault}`));
    for (const sequence of open) io.print(`  how act ${sequence} ended is not written down`);
    areWhole &&= faults.length === 0;
  }
  io.print(areWhole ? "The chains hold." : "A log was changed.");
  return areWhole ? EXIT_CODES.approved : EXIT_CODES.declined;
}

async function* entriesOf(mesh: RunningMesh, name: LogName): AsyncGenerator<AuditEntry> {
  for await (const { entries } of mesh.clients.auditOf(name).streamAuditEntries({})) {
    yield* entries;
  }
}

function parseHeads(text: string | undefined): ReadonlyMap<LogName, AuditHead> {
  const heads = new Map<LogName, AuditHead>();
  for (const one of text?.split(",") ?? []) {
    const [, log, sequence, hash] = /^([a-z-]+):(\d{1,18}):([0-9a-f]{64})$/.exec(one.trim()) ?? [];
    const name = LOGS.find((known) => known === log);
    if (name === undefined || sequence === undefined || hash === undefined) {
      const form = `${LOGS.join(", ")}, its entry and 64 hexadecimal digits, as in relay:17:0a…`;
      throw new CommandError("USAGE", `--head: expected ${form}, got ${JSON.stringify(one)}`);
    }
    heads.set(name, { sequence: BigInt(sequence), hash });
  }
  return heads;
}

function rowOf(name: LogName, entry: AuditEntry): readonly string[] {
  const { sequence, atMs, actor, outcome, method, subject } = entry;
  const step = enumName(AuditStep, entry.step);
  return [
    name,
    String(sequence),
    formatWhen(Number(atMs)),
    printable(actor),
    outcome === "" ? step : `${step} ${printable(outcome)}`,
    printable(method.slice(method.lastIndexOf("/") + 1)),
    printable(subject),
  ];
}
