import {
  NextStep,
  Outcome,
  type Result,
  ReverseSchema,
  type SignedResult,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { Answer, HopAnswer } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import { errorOfFault, PaymentError } from "../../payment/errors.ts";
import type { RelayId } from "../../payment/identifiers.ts";
import { REVERSAL_REASONS } from "../../payment/iso8583.ts";
import { type CheckedContext, parsePaymentContext } from "../../payment/payment-context.ts";
import { parseRecordNumber, type RecordNumber } from "../../payment/record-number.ts";
import { HELD, TAKEN_BEFORE } from "../../payment/states.ts";
import { strictDecode } from "../../payment/wire/strict-decode.ts";
import type { Manifest } from "../../sealing/keys/manifest.ts";
import type { Flight } from "../forwarding/flight.ts";
import type { Forwarder } from "../forwarding/forwarder.ts";
import type { RecordStore } from "../records/record-store.ts";
import type { RelayRecord } from "../records/relay-record.ts";
import type { Reversals } from "../recovery/reversals.ts";
import { type Completer, endingOf, neverTaken } from "./completer.ts";
import { checkResult } from "./result-check.ts";
import { type SignatureCheck, signatureCheckOf } from "./signature-check.ts";

const MAY_BE_TAKEN_LATER: readonly NextStep[] = [NextStep.RETRY_SAME_ID, NextStep.WAIT];

interface AnswersOptions extends Pick<Surroundings, "log"> {
  readonly relayId: RelayId;
  readonly forwarder: Forwarder;
  readonly reversals: Reversals;
  readonly completer: Completer;
  readonly records: Pick<RecordStore, "findByNumbers">;
  readonly manifest: () => Manifest | undefined;
  /** The processor uses keys that the manifest here does not have. */
  readonly onManifestStale: () => void;
}

/** What the processor's answers mean for the payments and reversals they are about. */
export class Answers {
  readonly #options: AnswersOptions;

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  receive(box: HopAnswer): void {
    const { relayId, manifest, log } = this.#options;
    const isSigned = signatureCheckOf({ box, relayId, manifest: manifest(), log });
    for (const answer of box.answers) this.#receive(answer, isSigned);
  }

  /** Everything that is not about a request that still waits is late, and ignored. */
  #receive({ requestNumber, answer }: Answer, isSigned: SignatureCheck): void {
    const flight = this.#options.forwarder.answered(requestNumber);
    const reversing = this.#options.reversals.answered(requestNumber);
    if (flight !== undefined) {
      if (answer.case === "result") this.#flightResult(flight, answer.value, isSigned);
      if (answer.case === "fault") this.#flightFault(flight, errorOfFault(answer.value));
    } else if (reversing !== undefined) {
      if (answer.case === "result") this.#reversalResult(reversing, answer.value, isSigned);
      if (answer.case === "fault") this.#reversalFault(reversing, errorOfFault(answer.value));
    }
  }

  #flightResult(flight: Flight, signed: SignedResult, isSigned: SignatureCheck): void {
    const { forwarder, completer } = this.#options;
    const { record } = flight;
    try {
      const result = checkResult(signed, flight, isSigned);
      this.#whenOwn(result, record, () => {
        // Undone by an order that this database has forgotten: the same again is answered the same.
        if (result.outcome === Outcome.REVERSED) return this.#undone(flight);
        forwarder.settle(flight);
        const ending = endingOf(record, signed, result, flight.span);
        void completer.complete(ending).then(() => forwarder.drop(flight));
      });
    } catch (error) {
      this.#rejected(error, record);
    }
  }

  #undone(flight: Flight): void {
    const { forwarder, reversals, log } = this.#options;
    const { recordNumber } = flight.record;
    forwarder.settle(flight);
    reversals
      .begin([flight.record], REVERSAL_REASONS.TIMEOUT)
      .catch((cause: unknown) => {
        log.failure("a reversal could not be begun", cause, { recordNumber });
      })
      .finally(() => forwarder.drop(flight));
  }

  /**
   * A fault that will not go away does not prove that an earlier copy was not accepted, so the
   * payment is undone; the signed answer to that is the proof.
   */
  #flightFault(flight: Flight, error: PaymentError): void {
    const { forwarder, reversals, completer, log, onManifestStale } = this.#options;
    const { record } = flight;
    const { recordNumber } = record;
    log.warn("the processor did not decide", { recordNumber, errorCode: error.code });
    if (error.code === "KEY_NOT_VALID") onManifestStale();
    const isNeverTaken = TAKEN_BEFORE.includes(error.code);
    if (!isNeverTaken && MAY_BE_TAKEN_LATER.includes(error.row.nextStep)) {
      forwarder.retryLater(flight, error);
      return;
    }
    forwarder.settle(flight, error.code);
    const ended = isNeverTaken
      ? completer.complete(neverTaken(record, error.code))
      : reversals.begin([record], REVERSAL_REASONS.UNABLE_TO_COMPLETE, error.code);
    ended
      .catch((cause: unknown) => {
        // It is still FORWARDED in the database, so the sweep undoes it at its deadline.
        log.failure("a reversal could not be begun", cause, { recordNumber });
      })
      .finally(() => forwarder.drop(flight));
  }

  #reversalResult(record: RelayRecord, signed: SignedResult, isSigned: SignatureCheck): void {
    const { reversals, completer, log } = this.#options;
    const { recordNumber } = record;
    try {
      const result = checkResult(signed, { record, context: contextOf(record) }, isSigned);
      this.#whenOwn(result, record, () => {
        const isKept = result.outcome !== Outcome.REVERSED && result.outcome !== Outcome.DECLINED;
        // Acknowledged after a commit that is gone since, so who was told of it was told the truth.
        // Or an operator has refused the order.
        if (isKept) log.error("a payment to be undone stays approved", { recordNumber });
        reversals.drop(recordNumber);
        void completer.complete(endingOf(record, signed, result, undefined, isKept));
      });
    } catch (error) {
      this.#rejected(error, record);
    }
  }

  #reversalFault(record: RelayRecord, error: PaymentError): void {
    const { reversals, completer, log } = this.#options;
    const { recordNumber } = record;
    // A tombstone names no bytes: that others are there does not say that nothing was charged.
    const isBlind = record.digest === undefined && error.code === "DUPLICATE_DIFFERS";
    if (TAKEN_BEFORE.includes(error.code) && !isBlind) {
      reversals.drop(recordNumber);
      void completer.complete(neverTaken(record, error.code));
      return;
    }
    if (error.code === HELD) {
      reversals.hold(record).catch((cause: unknown) => {
        // The order is due again by itself, and so is the answer.
        log.failure("that a reversal is held could not be written", cause, { recordNumber });
      });
      return;
    }
    // The order is due again by itself; it never expires.
    log.warn("a reversal was refused", { recordNumber, errorCode: error.code });
  }

  /**
   * At once if the result names the record; else as soon as it is sure that the number which it
   * names is of no record here: it was lost. Otherwise another payment's number would be read out.
   */
  #whenOwn(
    result: Pick<Result, "recordNumber">,
    record: { readonly recordNumber: RecordNumber },
    then: () => void,
  ): void {
    if (result.recordNumber === record.recordNumber) {
      then();
      return;
    }
    const { log } = this.#options;
    const { recordNumber } = record;
    this.#requireLost(result.recordNumber)
      .then(then)
      .catch((error: unknown) => {
        if (error instanceof PaymentError) this.#rejected(error, record);
        else log.failure("an answer could not be looked at", error, { recordNumber });
      });
  }

  /** @throws PaymentError MALFORMED_REQUEST when there is such a record. */
  async #requireLost(named: string): Promise<void> {
    const { records } = this.#options;
    const field = "record_number";
    const [found] = await records.findByNumbers([parseRecordNumber(named, field)]);
    if (found === undefined) return;
    throw new PaymentError("MALFORMED_REQUEST", "the result names another record", { field });
  }

  /** As good as no answer: repeated, then reversed. */
  #rejected(error: unknown, { recordNumber }: { readonly recordNumber: string }): void {
    if (!(error instanceof PaymentError)) throw error;
    const { code, field } = error;
    this.#options.log.error("an answer was rejected", { recordNumber, errorCode: code, field });
    // A key that was rotated in a moment ago looks like a forged signature.
    if (code === "SIGNATURE_REJECTED") this.#options.onManifestStale();
  }
}

/** What was asked for, as the order to undo it says; undefined when nobody here ever saw it. */
function contextOf({ reverse }: RelayRecord): CheckedContext | undefined {
  if (reverse === undefined) return undefined;
  const { context } = strictDecode(ReverseSchema, reverse.reverse, "reverse");
  return context.length === 0 ? undefined : parsePaymentContext(context);
}
