import { clockError } from "../../payment/clock-difference.ts";
import { PaymentError } from "../../payment/errors.ts";

/** What the clocks around a terminal say at one moment, Unix milliseconds. */
interface ComparedClocks {
  /** Undefined where the relay does not say. */
  readonly relayMs: number | undefined;
  readonly terminalMs: number;
  /** Undefined where the reader does not say. */
  readonly readerMs: number | undefined;
}

/**
 * Which clock is wrong, before a card is asked for; undefined when none is. The relay's is right:
 * it is the one by which the payment will be recorded, or refused.
 */
export function wrongClock(clocks: ComparedClocks): PaymentError | undefined {
  const { relayMs, terminalMs, readerMs } = clocks;
  const rightMs = relayMs ?? terminalMs;
  return (
    clockError("the terminal", terminalMs - rightMs) ??
    clockError("the reader", (readerMs ?? rightMs) - rightMs)
  );
}

/** A clock here has jumped or stood still, and `whose` program has not said its time since. */
export function lostTime(whose: "relay" | "reader"): PaymentError {
  const message = `the ${whose} has not said what time it is since the terminal's clock jumped`;
  return new PaymentError("UPSTREAM_NOT_REACHED", message);
}
