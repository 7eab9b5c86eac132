import { confirm } from "@inquirer/prompts";
import { EntryMode, NextStep } from "../gen/cardlane/payment/v1/payment_pb.ts";
import type { PaymentReport } from "../gen/cardlane/terminal/v1/terminal_pb.ts";
import type { TestCard } from "../payment/test-cards.ts";
import type { CommandIo } from "./command-io.ts";
import type { MeshClients } from "./mesh-clients.ts";
import { nextOrder } from "./next-order.ts";
import type { PayArguments } from "./pay-arguments.ts";
import { takePayment } from "./take-payment.ts";
import { Till } from "./till.ts";

/** One presentation of a card allows as many; a new one may be tried with a new payment. */
const RETRIES_MAX = 2;

export type CardPayment = PayArguments & { readonly card: TestCard };

/**
 * Takes a payment with a card and takes the card back. After a decline that another attempt may
 * mend (wrong PIN, chip wanted), the person is asked whether to try again.
 */
export async function payAtTill(
  io: CommandIo,
  clients: MeshClients,
  payment: CardPayment,
): Promise<PaymentReport> {
  try {
    let report = await payOnce(io, clients, payment);
    for (let retry = 1; retry <= RETRIES_MAX; retry += 1) {
      const changes = await nextAttempt(io, payment, report.nextStep);
      if (changes === undefined) return report;
      const order = nextOrder(payment.order, report);
      report = await payOnce(io, clients, { ...payment, ...changes, order, isConfirmed: true });
    }
    return report;
  } finally {
    // Whatever became of the payment, a card that stays in the reader is no reason for an error.
    await clients.readerControl.removeCard({}).catch(() => undefined);
  }
}

function payOnce(
  io: CommandIo,
  clients: MeshClients,
  payment: CardPayment,
): Promise<PaymentReport> {
  return takePayment({
    stream: clients.openPayment(),
    order: payment.order,
    people: new Till({ io, clients, payment }),
    interrupted: io.interrupted,
  });
}

/** What is different the next time; undefined when there is none. */
async function nextAttempt(
  io: CommandIo,
  payment: CardPayment,
  nextStep: NextStep,
): Promise<Partial<CardPayment> | undefined> {
  const ask = async (message: string, changes: Partial<CardPayment>) =>
    (await confirm({ message }, { signal: io.interrupted })) ? changes : undefined;
  if (!io.isInteractive) return undefined;
  switch (nextStep) {
    case NextStep.ENTER_PIN:
      // A PIN that was given on the command line would be as wrong the next time.
      return payment.pin === undefined ? await ask("Wrong PIN. Try again?", {}) : undefined;
    case NextStep.INSERT_CARD:
      return await ask("Insert the card instead?", { entryMode: EntryMode.CHIP });
    default:
      return undefined;
  }
}
