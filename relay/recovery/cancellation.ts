import { Certainty, type SignedPayment } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { type Rate, RateLimits } from "../../mesh/limits/rate-limits.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import type { HopSpan } from "../../mesh/tracing/telemetry.ts";
import { PaymentError } from "../../payment/errors.ts";
import {
  type MerchantId,
  type PaymentId,
  parsePaymentId,
  type RelayId,
  type TerminalId,
} from "../../payment/identifiers.ts";
import { REVERSAL_REASONS } from "../../payment/iso8583.ts";
import {
  newRecordNumber,
  RECORD_NUMBER_BYTES,
  type RecordNumber,
} from "../../payment/record-number.ts";
import type { Random } from "../../sealing/random.ts";
import type { Forwarder } from "../forwarding/forwarder.ts";
import type { RecordStore } from "../records/record-store.ts";
import {
  newRecord,
  type RecordOutcome,
  type RelayRecord,
  type SignedSubmission,
} from "../records/relay-record.ts";
import type { Canceller } from "../registry/canceller.ts";
import type { RecoveryStore } from "./recovery-store.ts";
import type { Reversals } from "./reversals.ts";

/** Others may change the record, or take its number, between looking and writing. */
const ATTEMPTS_MAX = 5;

/**
 * Ids without a record that one identity may have made impossible. A terminal gives up one payment
 * at a time, and many together only after an outage; a record that comes of it stays for ever.
 */
const TOMBSTONE_RATE: Rate = { perSecond: 0.2, burst: 100 };

interface CancellationOptions extends Pick<Surroundings, "clock" | "log" | "telemetry"> {
  /** @throws PaymentError when no reader of the payment's merchant signed it. */
  readonly checkToUndo: (payment: SignedPayment, span: HopSpan) => Promise<SignedSubmission>;
  readonly records: RecordStore;
  readonly recovery: RecoveryStore;
  readonly reversals: Reversals;
  readonly forwarder: Forwarder;
  /** Of each TLS identity; `TOMBSTONE_RATE` when left out. */
  readonly tombstoneRate?: Rate | undefined;
  readonly relayId: RelayId;
  /** Of this relay: it looks after what it records. */
  readonly instance: string;
  readonly random: Random;
}

/** Undoes payments whose fate the caller does not know, also those that have not come yet. */
export class Cancellation {
  readonly #options: CancellationOptions;
  readonly #tombstoneRates: RateLimits;

  constructor(options: CancellationOptions) {
    this.#options = options;
    const { tombstoneRate = TOMBSTONE_RATE, clock } = options;
    this.#tombstoneRates = new RateLimits(tombstoneRate, clock);
  }

  /**
   * @returns the record now: REVERSING until the processor acknowledged; as it was if it is final.
   * @param id as text.
   * @param payment what the reader signed, where the caller has it.
   * @throws PaymentError MALFORMED_REQUEST, OVERLOADED for too many ids without a record, or why
   *   that payment is out of the caller's reach.
   */
  async cancel(
    id: string,
    canceller: Canceller,
    payment: SignedPayment | undefined,
  ): Promise<RecordOutcome> {
    const paymentId = parsePaymentId(id);
    const { merchantId, terminalId, refusal, unseenRefusal } = canceller;
    const wish = { merchantId, paymentId, terminalId, payment };
    const budget = this.#budgetOf(canceller);
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      const [record] = await this.#options.records.findByPayments([{ merchantId, paymentId }]);
      if (refusal !== undefined && record !== undefined && record.terminalId !== terminalId) {
        throw refusal;
      }
      if (record === undefined && unseenRefusal !== undefined) throw unseenRefusal;
      const outcome =
        record === undefined
          ? await this.#begin(wish, canceller, budget)
          : await this.#undo(record, wish, canceller);
      if (outcome !== undefined) return outcome;
    }
    throw new PaymentError("OVERLOADED", `payment ${paymentId} is being changed by others`);
  }

  /** To be called before an id gets its record; one call takes from the budget once. */
  #budgetOf({ identity }: Canceller): () => void {
    let isTaken = identity === undefined;
    return () => {
      if (!isTaken && identity !== undefined) this.#tombstoneRates.take(identity);
      isTaken = true;
    };
  }

  /** @returns undefined when somebody else changed the record first. */
  async #undo(
    record: RelayRecord,
    wish: CancelledPayment,
    canceller: Canceller,
  ): Promise<RecordOutcome | undefined> {
    if (record.state === "REVERSING" && record.digest === undefined) {
      return await this.#recognise(record, wish, canceller);
    }
    if (record.state !== "RECEIVED" && record.state !== "FORWARDED") return record;
    const { reversals, forwarder } = this.#options;
    const [begun] = await reversals.begin([record], REVERSAL_REASONS.CUSTOMER_CANCELLATION);
    const flight = forwarder.find(record.recordNumber);
    if (begun !== undefined && flight !== undefined) forwarder.drop(flight, "CANCELLED");
    return begun;
  }

  /**
   * The processor undoes no payment by its id alone that it has answered. Whoever brings the bytes
   * helps, however many came before without them, or while nobody here could verify them.
   *
   * @returns undefined when somebody else changed the record first.
   */
  async #recognise(
    tombstone: RelayRecord,
    wish: CancelledPayment,
    canceller: Canceller,
  ): Promise<RecordOutcome | undefined> {
    if (wish.payment === undefined) return tombstone;
    const span = this.#spanOf(wish.paymentId, tombstone.recordNumber);
    const signed = await this.#checked(wish, canceller, span);
    if (signed === undefined) return tombstone;
    const reason = REVERSAL_REASONS.CUSTOMER_CANCELLATION;
    return await this.#options.reversals.recognise(tombstone, signed, reason);
  }

  /** @returns undefined when it is to be looked at again, as it is now. */
  async #begin(
    wish: CancelledPayment,
    canceller: Canceller,
    takeFromBudget: () => void,
  ): Promise<RecordOutcome | undefined> {
    const { relayId, clock, random } = this.#options;
    const recordNumber = newRecordNumber(relayId, clock.nowMs(), random.bytes(RECORD_NUMBER_BYTES));
    const span = this.#spanOf(wish.paymentId, recordNumber);
    const signed = await this.#checked(wish, canceller, span);
    takeFromBudget();
    if (signed === undefined) return await this.#entomb(wish, recordNumber, span);
    await this.#recordAgain(signed, recordNumber);
    return undefined;
  }

  #spanOf(paymentId: PaymentId, recordNumber: RecordNumber): HopSpan {
    const attributes = { paymentId, recordNumber };
    const span = this.#options.telemetry.spanOf(undefined, "relay.cancel", "internal", attributes);
    span.end();
    return span;
  }

  /**
   * The processor tells a payment by its bytes, and one that it has answered before by nothing
   * else. This relay may have passed them on, and lost its record of that.
   */
  async #recordAgain(submission: SignedSubmission, recordNumber: RecordNumber): Promise<void> {
    const { records, instance } = this.#options;
    // Over from the beginning: whoever finds it undoes it, and nobody forwards it.
    const recording = {
      state: "RECEIVED",
      deadlineMs: 0,
      leaseOwner: instance,
      registryRevision: undefined,
    } as const;
    const record = newRecord(submission, recordNumber, recording.state);
    await records.insert([{ record, context: submission.context }], recording);
  }

  /**
   * @returns undefined without bytes, and when nobody here can say that a reader signed them.
   * @throws PaymentError MALFORMED_REQUEST when they are those of another payment.
   */
  async #checked(
    wish: CancelledPayment,
    canceller: Canceller,
    span: HopSpan,
  ): Promise<SignedSubmission | undefined> {
    if (wish.payment === undefined) return undefined;
    const signed = await this.#signed(wish.payment, span);
    if (signed !== undefined) requireSame(signed, wish, canceller);
    return signed;
  }

  async #signed(payment: SignedPayment, span: HopSpan): Promise<SignedSubmission | undefined> {
    const { checkToUndo, log } = this.#options;
    try {
      return await checkToUndo(payment, span);
    } catch (error) {
      if (!(error instanceof PaymentError) || error.row.certainty === Certainty.UNKNOWN)
        throw error;
      log.warn("a cancelled payment's bytes were refused", { errorCode: error.code });
      return undefined;
    }
  }

  /** @returns undefined when the payment came first, or the number was taken. */
  async #entomb(
    { merchantId, paymentId, terminalId }: CancelledPayment,
    recordNumber: RecordNumber,
    span: HopSpan,
  ): Promise<RecordOutcome | undefined> {
    const { recovery, reversals } = this.#options;
    const reason = REVERSAL_REASONS.CUSTOMER_CANCELLATION;
    const tombstone = {
      merchantId,
      paymentId,
      terminalId,
      recordNumber,
      reverse: reversals.orderTombstone({ merchantId, paymentId, recordNumber, reason }),
      traceparent: span.traceparent,
    };
    if (!(await recovery.insertTombstone(tombstone))) return undefined;
    const [record] = await this.#options.records.findByNumbers([recordNumber]);
    if (record === undefined) throw new Error("bug: a record that was just committed is gone");
    reversals.send([record], false);
    return record;
  }
}

/** What the caller knows of a payment. */
interface CancelledPayment {
  readonly merchantId: MerchantId;
  readonly paymentId: PaymentId;
  /** The caller's own; empty for whoever is no terminal. */
  readonly terminalId: TerminalId | "";
  readonly payment: SignedPayment | undefined;
}

/**
 * A terminal that is registered reaches what others of its merchant brought, also by their bytes.
 *
 * @throws PaymentError MALFORMED_REQUEST when the bytes are not those of this payment.
 */
function requireSame(
  { context }: SignedSubmission,
  wish: CancelledPayment,
  { refusal }: Canceller,
): void {
  const same = {
    payment_id: context.paymentId === wish.paymentId,
    merchant_id: context.merchantId === wish.merchantId,
    terminal_id: refusal === undefined || context.terminalId === wish.terminalId,
  };
  for (const [name, isSame] of Object.entries(same)) {
    if (isSame) continue;
    const message = `payment must be of the ${name} that is cancelled`;
    throw new PaymentError("MALFORMED_REQUEST", message, { field: `payment.${name}` });
  }
}
