import type { PaymentReport } from "../gen/cardlane/terminal/v1/terminal_pb.ts";
import type { PaymentId } from "../payment/identifiers.ts";
import type { CheckedTerminalCertificate } from "../sealing/keys/certificates.ts";
import type { PaymentRequest } from "./payment-request.ts";
import type { Till } from "./till/till.ts";

/**
 * A terminal: the reader in the customer's hand on one side, the relay on the other, and a till
 * that asks for payments.
 *
 *     await using terminal = await startTerminal(options);
 *     const report = await terminal.pay(saleOf(1250n, EUR), {
 *       onEvent: (event) => console.log(event.case),
 *       confirm: async (card) => ({ kind: "pin", pin: Pin.parse("1234") }),
 *       cancelled: new AbortController().signal,
 *     });
 *     if (report.certainty === Certainty.FINAL && report.state === PaymentState.APPROVED) …
 *
 * `report.certainty` comes first: UNKNOWN is neither a yes nor a no. Then `report.next_step` says
 * what to do, most often to call `pay` again with the same `paymentId`, which can never charge
 * twice.
 */
export interface Terminal extends AsyncDisposable {
  readonly certificate: CheckedTerminalCertificate;
  /** Serial number of the authenticated reader; undefined while none is connected. */
  readonly readerSerial: string | undefined;
  readonly isRelayConnected: boolean;
  /**
   * One payment from prepare to result. With the id of an earlier one it charges nothing: it gives
   * that one's report, or waits for its end; while that is at the reader, this till takes over.
   * The relay is asked first for an id that is not in the journal.
   *
   * A report is FINAL with the processor's signature alone: an answer, or a tombstone.
   *
   * @throws PaymentError before anything was begun: DUPLICATE_DIFFERS, READER_BUSY,
   *   UPSTREAM_NOT_REACHED without a relay, CLOCK_WRONG for the terminal's or the reader's clock,
   *   KEY_NOT_VALID without a key manifest. After that every end is a report.
   */
  pay(request: PaymentRequest, till: Till): Promise<PaymentReport>;
  /**
   * What is known of a payment now, by the journal or else by the relay; UNKNOWN when neither could
   * tell.
   *
   * @throws PaymentError PAYMENT_NOT_FOUND when both have never seen it.
   */
  getPayment(paymentId: PaymentId): Promise<PaymentReport>;
  /** What the terminal knows of it by itself; undefined when that is nothing. */
  reportOf(paymentId: PaymentId): PaymentReport | undefined;
}
