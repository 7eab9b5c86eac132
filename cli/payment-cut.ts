import { CommandError } from "./command-error.ts";

/** A payment has begun, and the terminal does not say any more what becomes of it. */
export class PaymentCut extends CommandError {
  /** Text UUID. */
  readonly paymentId: string;

  constructor(paymentId: string) {
    const asking = `cardlane query ${paymentId}`;
    super("STREAM_CUT", `the terminal went away during the payment; ask with: ${asking}`);
    this.paymentId = paymentId;
  }
}
