import { ConnectError } from "@connectrpc/connect";
import { confirm } from "@inquirer/prompts";
import type { MeshClients } from "../../dev-mesh/clients.ts";
import { EntryMode, NextStep, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { PaymentReport } from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { paymentErrorFrom } from "../../mesh/errors-to-wire.ts";
import type { PaymentErrorCode } from "../../payment/errors.ts";
import type { TestCard } from "../../payment/test-cards.ts";
import { isInterruption, PaymentCut } from "../../till/outcome.ts";
import { isTakenOver, type Order, takePayment } from "../../till/take-payment.ts";
import type { CommandIo } from "../io/command-io.ts";
import { askAgain } from "./ask-again.ts";
import type { PayArguments } from "./pay-arguments.ts";
import { Till } from "./till.ts";

/** One presentation of a card allows as many; a new one may be tried with a new payment. */
const RETRIES_MAX = 2;

/** The reader serves another payment, with its card in it. */
const BUSY = "READER_BUSY" satisfies PaymentErrorCode;

type CardPayment = PayArguments & { readonly card: TestCard };

/**
 * Takes a payment with a card and takes the card back, unless the one in the reader is another
 * till's.
 * After a decline that another attempt may mend (wrong PIN, chip wanted), the person is asked
 * whether to try again.
 */
export async function payAtTill(
  io: CommandIo,
  clients: MeshClients,
  payment: CardPayment,
): Promise<PaymentReport> {
  let isTheirs = false;
  try {
    let report = await payOnce(io, clients, payment);
    for (let retry = 1; retry <= RETRIES_MAX; retry += 1) {
      const changes = await nextAttempt(io, payment, report.nextStep);
      if (changes === undefined) {
        isTheirs = report.fault?.code === BUSY;
        return report;
      }
      const order = nextOrder(payment.order, report);
      report = await payOnce(io, clients, { ...payment, ...changes, order, isConfirmed: true });
    }
    return report;
  } catch (error) {
    isTheirs = isTakenOver(error) || isBusy(error);
    throw error;
  } finally {
    // Whatever became of the payment, a card that stays in the reader is no reason for an error.
    if (!isTheirs) await clients.readerControl.removeCard({}).catch(() => undefined);
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof ConnectError && paymentErrorFrom(error)?.code === BUSY;
}

async function payOnce(
  io: CommandIo,
  clients: MeshClients,
  payment: CardPayment,
): Promise<PaymentReport> {
  const { clock, interrupted } = io;
  const people = new Till({ io, clients, payment });
  const take = (order: Order) => {
    const taking = takePayment({
      stream: clients.openPayment(),
      order,
      people,
      interrupted,
      clock,
    });
    return taking.catch((error) => clients.rethrow("terminal", error));
  };
  try {
    return await take(payment.order);
  } catch (error) {
    if (!(error instanceof PaymentCut)) throw error;
    const { paymentId } = error;
    return await askAgain(io, error, () => take({ ...payment.order, paymentId }));
  }
}

/** What is different the next time; undefined when there is none. */
async function nextAttempt(
  io: CommandIo,
  payment: CardPayment,
  nextStep: NextStep,
): Promise<Partial<CardPayment> | undefined> {
  const ask = async (message: string, changes: Partial<CardPayment>) =>
    (await isAgreed(io, message)) ? changes : undefined;
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

/** Ctrl-C is a no, so that the decline is told. */
async function isAgreed({ interrupted }: CommandIo, message: string): Promise<boolean> {
  try {
    return await confirm({ message }, { signal: interrupted });
  } catch (error) {
    if (isInterruption(error)) return false;
    throw error;
  }
}

/**
 * The order of another attempt after `report`: a payment of its own. It names the one before only
 * if that was declined, because a reader refuses to continue what was never submitted.
 */
export function nextOrder(order: Order, report: Pick<PaymentReport, "state" | "paymentId">): Order {
  const isDeclined = report.state === PaymentState.DECLINED;
  const previousPaymentId = isDeclined ? report.paymentId : undefined;
  return { ...order, paymentId: undefined, previousPaymentId };
}
