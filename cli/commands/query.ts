import { Code, ConnectError } from "@connectrpc/connect";
import { openRunningMesh, type RunningMesh } from "../../dev-mesh/clients.ts";
import { type PaymentRecord, PaymentRecordSchema } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import {
  type PaymentReport,
  PaymentReportSchema,
} from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { paymentErrorFrom } from "../../mesh/errors-to-wire.ts";
import { printable } from "../../mesh/printable.ts";
import type { PaymentId } from "../../payment/identifiers.ts";
import { exitCodeOf } from "../command-end.ts";
import { type CommandIo, type CommonOptions, printMessage } from "../io/command-io.ts";
import { getPaymentRequest, type PaymentName, parsePaymentName } from "../payment-name.ts";
import { reportLines } from "../print/receipt.ts";
import { recordLines } from "../print/record-lines.ts";

/**
 * Prints what the relay knows of one payment, or the terminal where the relay knows nothing: a
 * payment that never left the terminal is in its journal alone.
 *
 * @returns the exit code.
 */
export async function query(io: CommandIo, text: string, options: CommonOptions): Promise<number> {
  const key = parsePaymentName(text);
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const known = await ask(io, mesh, key);
  if ("record" in known) {
    if (options.json === true) printMessage(io, PaymentRecordSchema, known.record);
    else for (const line of recordLines(known.record, io)) io.print(line);
    return exitCodeOf(known.record);
  }
  if (options.json === true) printMessage(io, PaymentReportSchema, known.report);
  else for (const line of reportLines(known.report, io)) io.print(line);
  return exitCodeOf(known.report);
}

type Known = { readonly record: PaymentRecord } | { readonly report: PaymentReport };

/** @throws ConnectError of the relay, when the terminal knows nothing of the payment either. */
async function ask(io: CommandIo, mesh: RunningMesh, key: PaymentName): Promise<Known> {
  const { relay } = mesh.clients;
  try {
    const { payment } = await relay.getPayment(getPaymentRequest(key, mesh.directory));
    if (payment !== undefined) return { record: payment };
    throw new Error("the relay answered without a record");
  } catch (error) {
    // A record number is the relay's own: a terminal finds nothing by it.
    if (key.case !== "paymentId" || !isRelayOfNoUse(error)) throw error;
    const report = await askTerminal(io, mesh, key.value);
    if (report === undefined) throw error;
    io.tell(`From the terminal, not from the relay: ${told(error)}.`);
    return { report };
  }
}

/** @returns undefined when the terminal does not know the payment, or cannot be asked. */
async function askTerminal(
  io: CommandIo,
  { clients }: RunningMesh,
  paymentId: PaymentId,
): Promise<PaymentReport | undefined> {
  try {
    return (await clients.terminal.getTerminalPayment({ paymentId })).report;
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    const isUnknown = paymentErrorFrom(error)?.code === "PAYMENT_NOT_FOUND";
    if (isUnknown)
      io.tell("The terminal does not know of it. Pay with this --id: never charged twice.");
    else io.tell(`The terminal may know of it, and gave no answer: ${told(error)}.`);
    return undefined;
  }
}

/** It has no record of the payment, or does not answer at all. */
function isRelayOfNoUse(error: unknown): error is ConnectError {
  if (!(error instanceof ConnectError)) return false;
  const meant = paymentErrorFrom(error);
  if (meant !== undefined) return meant.code === "PAYMENT_NOT_FOUND";
  return error.code === Code.Unavailable || error.code === Code.DeadlineExceeded;
}

function told(error: ConnectError): string {
  return printable(error.rawMessage);
}
