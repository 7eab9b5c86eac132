import { Code, ConnectError } from "@connectrpc/connect";
import { paymentErrorFrom } from "../../mesh/errors-to-wire.ts";
import type { PaymentErrorCode } from "../../payment/errors.ts";
import { PaymentCut } from "../../till/outcome.ts";
import type { CommandIo } from "../io/command-io.ts";

/** A terminal lets a payment end whose till is gone within its reader's minute for each step. */
const ASK_MS_MAX = 180_000;
const ASK_DELAY_MS = 1_000;

/**
 * Asks again after a payment was cut, until the terminal says what became of it.
 *
 * @param ask the same payment with the same id, over a new line: it never charges a second time.
 * @throws PaymentCut when nothing could be learned in three minutes, or the person gave up.
 */
export async function askAgain<Answer>(
  { clock, interrupted, tell, showStatus }: CommandIo,
  cut: PaymentCut,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  tell(`The line to the terminal is cut: asking again for payment ${cut.paymentId}.`);
  tell("It is not charged a second time. Ctrl-C stops asking.");
  const untilMs = clock.monotonicMs() + ASK_MS_MAX;
  while (!interrupted.aborted && clock.monotonicMs() < untilMs) {
    try {
      return await ask();
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
    showStatus("  the terminal says nothing yet");
    await clock.sleep(ASK_DELAY_MS, interrupted).catch(() => undefined);
  }
  throw cut;
}

const PASSING: readonly PaymentErrorCode[] = [
  "READER_BUSY",
  "UPSTREAM_NOT_REACHED",
  "DEADLINE_EXCEEDED",
];

/** Not there, silent again, or still busy with the payment whose line was cut. */
function isPassing(error: unknown): boolean {
  if (error instanceof PaymentCut) return true;
  if (!(error instanceof ConnectError)) return false;
  const code = paymentErrorFrom(error)?.code;
  if (code !== undefined) return PASSING.includes(code);
  return error.code === Code.Unavailable || error.code === Code.DeadlineExceeded;
}
