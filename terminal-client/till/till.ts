import type { CardRead } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import type { PayResponse } from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import type { Pin } from "../../payment/card.ts";

/** What happens during a payment, as `PayResponse.event` has it; `finished` comes last. */
export type PayEvent = Exclude<PayResponse["event"], { case: undefined }>;

/** How the PIN gets in, where one is asked for. */
export type PinSource =
  | { readonly kind: "none" }
  /** Typed on the terminal; the reader seals it. */
  | { readonly kind: "pin"; readonly pin: Pin }
  /** Typed on the reader's own keys: the terminal never sees it. */
  | { readonly kind: "pin on reader" };

/** The cash register's side of one payment. */
export interface Till {
  /** Called as things happen, in order. */
  onEvent(event: PayEvent): void;
  /**
   * Asked after a card was read, and again when the PIN was missing or malformed. A rejection stops
   * the payment. `signal` aborts when the answer is of no use any more.
   */
  confirm(card: CardRead, signal: AbortSignal): Promise<PinSource>;
  /** Aborts when the cashier gives up. Without effect once the payment is submitted. */
  readonly cancelled: AbortSignal;
  /**
   * Aborts when the till has no answer to give any more, though it may still listen. That stops the
   * payment where an answer is still needed. A till without it can always answer.
   */
  readonly onlyListens?: AbortSignal;
}
