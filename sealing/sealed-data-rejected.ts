import { PaymentError } from "../payment/errors.ts";

/** Why something was refused. For the security log alone: it never leaves the program. */
export type RejectionReason =
  | "public key"
  | "shared key"
  | "box"
  | "purpose"
  | "context"
  | "length"
  | "padding"
  | "direction"
  | "relay id"
  | "card data"
  | "PIN key"
  | "PIN block"
  | "key serial number"
  | "channel packet"
  | "channel flags"
  | "channel time"
  | "channel signature"
  | "channel reflected"
  | "channel closed"
  | "no such server";

/**
 * Whatever cannot be opened or believed. Every instance looks the same from outside: which check
 * failed would help an attacker (an error oracle), so only the security log asks for the reason.
 */
export class SealedDataRejected extends PaymentError {
  readonly #reason: RejectionReason;

  constructor(reason: RejectionReason) {
    super("SEALED_DATA_REJECTED", "sealed data rejected");
    this.name = "SealedDataRejected";
    this.#reason = reason;
  }

  reasonForSecurityLog(): RejectionReason {
    return this.#reason;
  }
}
