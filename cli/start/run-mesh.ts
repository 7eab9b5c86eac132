import { once } from "node:events";
import { relative } from "node:path";
import { ConnectError } from "@connectrpc/connect";
import { type Elsewhere, REPLACEABLE } from "../../dev-mesh/elsewhere.ts";
import { inboxPorts, startInboxProcess } from "../../dev-mesh/inbox-process.ts";
import { meshPorts, ownPorts } from "../../dev-mesh/mesh-addresses.ts";
import { type Mesh, startMesh } from "../../dev-mesh/mesh-processes.ts";
import { checkPorts } from "../../dev-mesh/port-check.ts";
import { takeRunLock } from "../../dev-mesh/run-lock.ts";
import { EntryMode, PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type PaymentReport,
  PaymentReportSchema,
} from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { printable } from "../../mesh/printable.ts";
import { settledTrace } from "../../mesh/tracing/span-record.ts";
import { Pin } from "../../payment/card.ts";
import { currencyFromLetters } from "../../payment/money.ts";
import { systemRandom } from "../../sealing/random.ts";
import { environment, isProduction } from "../../settings/environment.ts";
import { unknownNameLine, unknownNames } from "../../settings/unknown-names.ts";
import { CommandError, EXIT_CODES, exitCodeOf } from "../command-end.ts";
import { type CommandIo, printMessage } from "../io/command-io.ts";
import type { Flags, OptionsOf } from "../io/flags.ts";
import { parseCard } from "../pay/pay-arguments.ts";
import { payAtTill } from "../pay/pay-at-till.ts";
import { reportLines } from "../print/receipt.ts";
import { waterfallLines } from "../print/waterfall.ts";
import { serviceLines } from "./service-lines.ts";
import { StepLines } from "./step-lines.ts";

export const START_FLAGS = {
  "--once": "end after the payment; exit code 0 only when it was approved",
  "--tls": "mutual TLS between all programs",
  "--unlock-cards": "give the test cards all PIN tries back",
  "--reader <address>": "somebody else's reader in place of ours: host:port",
  "--processor <address>": "somebody else's processor in place of ours: host:port",
  "--port-base <port>": {
    says: "port of the reader, the others follow; 0 for any",
    default: "7401",
  },
} satisfies Flags;

type StartOptions = OptionsOf<typeof START_FLAGS>;

/** The payment that shows that all is well: 12.50 EUR, Visa, PIN 1234. */
const FIRST_PAYMENT = { amountMinor: 1250n, currency: "EUR", card: "4242 4242 4242 4242" } as const;
const FIRST_PIN = "1234";

/**
 * Starts a mesh, takes one payment, shows receipt, trace and addresses, and stays up until Ctrl-C
 * or, with `once`, stops again. @returns the exit code.
 */
export async function runMesh(io: CommandIo, options: StartOptions): Promise<number> {
  const portBase = parsePortBase(options.portBase);
  const elsewhere = parseElsewhere(options);
  const ports = ownPorts(meshPorts(portBase), elsewhere);
  if (isProduction()) {
    const why = "its keys are refused with NODE_ENV=production";
    throw new CommandError("USAGE", `start makes a mesh for development: ${why}`);
  }
  const fromHere = relative(io.workingDirectory, options.dataDir);
  const where = fromHere.startsWith("..") ? options.dataDir : fromHere;
  io.tell(`${io.paint("bold", "cardlane")} ${io.paint("dim", `· data in ${where}`)}`);
  for (const unknown of unknownNames(environment)) {
    io.tell(`${io.paint("yellow", "warning:")} ${unknownNameLine(unknown)}`);
  }
  const progress = new StepLines(io);
  const { clock } = io;
  const dataDirectory = options.dataDir;
  await checkPlace(io, dataDirectory, { ...ports, ...inboxPorts(portBase) });
  await using inbox = await startInboxProcess({ dataDirectory, portBase, clock, progress });
  await using mesh = await startMesh({
    dataDirectory,
    environment: {
      ...inbox.environment,
      ...(options.unlockCards === true && { CARDLANE_UNLOCK_TEST_CARDS: "1" }),
    },
    ports,
    elsewhere,
    isTls: options.tls ?? false,
    clock,
    progress,
    signal: io.interrupted,
  });
  const died = tellDied(io, mesh);
  const exitCode = await Promise.race([firstPaymentShown(io, mesh, options), died]);
  if (options.once === true || io.interrupted.aborted) return exitCode;
  const { paint, workingDirectory } = io;
  for (const line of serviceLines(mesh, { paint, workingDirectory })) io.tell(line);
  io.tell("");
  io.tell(`${io.paint("bold", "inbox".padEnd(12))} ${inbox.page}  mail and SMS that were sent`);
  io.tell("");
  io.tell("Up. Ctrl-C stops everything; the data stays.");
  return await Promise.race([untilInterrupted(io), died]);
}

/**
 * What would end the start is told before anything is started, as one line.
 *
 * @throws MeshRunsError or PortInUseError
 */
async function checkPlace(
  { clock }: CommandIo,
  dataDirectory: string,
  ports: Readonly<Record<string, number>>,
): Promise<void> {
  // Given back at once: the mesh takes it for itself.
  await using _lock = await takeRunLock(dataDirectory, { clock, random: systemRandom });
  await checkPorts(ports);
}

/** A first payment that does not come about is no reason to take a working mesh away. */
async function firstPaymentShown(io: CommandIo, mesh: Mesh, options: StartOptions) {
  try {
    return await payAndShow(io, mesh, options);
  } catch (error) {
    if (options.once === true || io.interrupted.aborted) throw error;
    const reason = ConnectError.from(error).rawMessage;
    io.tell(`${io.paint("yellow", "no first payment:")} ${reason}`);
    return EXIT_CODES.error;
  }
}

async function payAndShow(io: CommandIo, mesh: Mesh, options: StartOptions): Promise<number> {
  io.tell("");
  const report = await firstPayment(io, mesh);
  if (options.json === true) {
    printMessage(io, PaymentReportSchema, report);
    return exitCodeOf(report);
  }
  io.print("");
  for (const line of reportLines(report, io)) io.print(line);
  const spans = await settledTrace(mesh.directory.spans, report.traceId, io.clock);
  io.print("");
  // With an OTLP collector the spans are there and not here.
  if (spans.length === 0) io.tell("No spans of this payment are kept on this machine.");
  else for (const line of waterfallLines(spans, io)) io.print(line);
  return exitCodeOf(report);
}

async function firstPayment(io: CommandIo, mesh: Mesh): Promise<PaymentReport> {
  const { amountMinor, currency, card } = FIRST_PAYMENT;
  const order = { kind: PaymentKind.SALE, amountMinor, currency: currencyFromLetters(currency) };
  return await payAtTill(io, mesh.clients, {
    order,
    card: parseCard(card),
    entryMode: EntryMode.UNSPECIFIED,
    pin: Pin.parse(FIRST_PIN),
    isPinOnReader: false,
    isConfirmed: true,
  });
}

/** Names a program that ended by itself. @returns the exit code for that. */
async function tellDied(io: CommandIo, mesh: Mesh): Promise<number> {
  const { name, end } = await mesh.died;
  io.tell("");
  io.tell(`${io.paint("red", "error:")} ${name} ${end.description}`);
  return EXIT_CODES.error;
}

async function untilInterrupted(io: CommandIo): Promise<number> {
  await once(io.interrupted, "abort");
  io.tell("");
  return EXIT_CODES.approved;
}

function parseElsewhere(options: StartOptions): Elsewhere {
  const given = REPLACEABLE.flatMap((name) => {
    const address = options[name];
    if (address === undefined) return [];
    if (/^[\w.-]+:\d{1,5}$/.test(address)) return [[name, address]];
    throw new CommandError("USAGE", `--${name} must be host:port, got "${printable(address)}"`);
  });
  return Object.fromEntries(given);
}

function parsePortBase(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  // The inbox's last port is 74 further on.
  if (port === 0 || (port >= 1_024 && port <= 65_000)) return port;
  throw new CommandError("USAGE", "--port-base must be 0 for any ports, or 1024 to 65000");
}
