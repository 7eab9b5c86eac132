import { PaymentReportSchema } from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { CommandError } from "../command-error.ts";
import type { CommandIo, CommonOptions } from "../command-io.ts";
import { exitCodeOf } from "../exit-code.ts";
import { openRunningMesh } from "../open-running-mesh.ts";
import { type PayOptions, parsePayArguments } from "../pay-arguments.ts";
import { payAtTill } from "../pay-at-till.ts";
import { printMessage } from "../print-message.ts";
import { reportLines } from "../report-lines.ts";
import { chooseCard } from "../till.ts";

/** Takes a payment at the terminal and prints its receipt. @returns the exit code. */
export async function pay(
  io: CommandIo,
  amount: string,
  currency: string,
  options: PayOptions & CommonOptions,
): Promise<number> {
  const payment = parsePayArguments(amount, currency, options);
  if (!payment.isConfirmed && !io.isInteractive) {
    throw new CommandError("USAGE", "there is no terminal to ask for confirmation: give --yes");
  }
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const card = payment.card ?? (await chooseCard(io));
  const report = await payAtTill(io, mesh.clients, { ...payment, card });
  if (options.json === true) printMessage(io, PaymentReportSchema, report);
  else for (const line of reportLines(report, io)) io.print(line);
  return exitCodeOf(report);
}
