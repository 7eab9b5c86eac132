/** Why a till does not know how a payment ended; the message says what to do. */
export class TillError extends Error {
  override readonly name = "TillError";
  /** INTERRUPTED: nothing was begun. STREAM_CUT: the terminal went away. */
  readonly code: "INTERRUPTED" | "STREAM_CUT";

  constructor(code: TillError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** A payment has begun, and the terminal does not say any more what becomes of it. */
export class PaymentCut extends TillError {
  /** Text UUID. */
  readonly paymentId: string;

  constructor(paymentId: string) {
    const asking = `cardlane query ${paymentId}`;
    super("STREAM_CUT", `the terminal went away during the payment; ask with: ${asking}`);
    this.paymentId = paymentId;
  }
}
