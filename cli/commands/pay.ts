import { openRunningMesh } from "../../dev-mesh/clients.ts";
import { EntryMode } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { PaymentReportSchema } from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { needsPin, verificationFor } from "../../payment/test-cards.ts";
import { CommandError, exitCodeOf } from "../command-end.ts";
import { type CommandIo, printMessage } from "../io/command-io.ts";
import type { OptionsOf } from "../io/flags.ts";
import { type PAY_FLAGS, type PayArguments, parsePayArguments } from "../pay/pay-arguments.ts";
import { payAtTill } from "../pay/pay-at-till.ts";
import { chooseCard } from "../pay/till.ts";
import { reportLines } from "../print/receipt.ts";

/** Takes a payment at the terminal and prints its receipt. @returns the exit code. */
export async function pay(
  io: CommandIo,
  amount: string,
  currency: string,
  options: OptionsOf<typeof PAY_FLAGS>,
): Promise<number> {
  const payment = parsePayArguments(amount, currency, options);
  if (!payment.isConfirmed && !io.isInteractive) {
    throw new CommandError("USAGE", "there is no terminal to ask for confirmation: give --yes");
  }
  if (!io.isInteractive) requirePin(payment);
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const card = payment.card ?? (await chooseCard(io));
  const report = await payAtTill(io, mesh.clients, { ...payment, card });
  if (options.json === true) printMessage(io, PaymentReportSchema, report);
  else for (const line of reportLines(report, io)) io.print(line);
  return exitCodeOf(report);
}

/**
 * Before anything is begun, because nobody can be asked later.
 *
 * @throws CommandError USAGE
 */
function requirePin({ card, pin, order, ...payment }: PayArguments): void {
  // A payment that is taken up by its id may need no card any more.
  if (card === undefined || pin !== undefined || order.paymentId !== undefined) return;
  const isFree = payment.entryMode === EntryMode.UNSPECIFIED;
  const entryMode = isFree ? card.entryMode : payment.entryMode;
  if (!needsPin(verificationFor({ card, entryMode }, order))) return;
  throw new CommandError(
    "USAGE",
    `${card.name} asks for a PIN and there is no terminal to ask at: give --pin`,
  );
}
