import type { SignedPayment } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { Clock } from "../../mesh/clock.ts";
import type { HopSpan } from "../../mesh/tracing/telemetry.ts";
import { PaymentError, type PaymentErrorCode } from "../../payment/errors.ts";
import type { TerminalKey } from "../../payment/identifiers.ts";
import type { CheckedSubmission, StoredRecord } from "../records/relay-record.ts";
import type { Resumer } from "../recovery/resumer.ts";
import type { Recorded, Recorder } from "./recorder.ts";
import type { SubmissionCheck, UncheckedSubmission } from "./submission.ts";

/** A registration of many devices is a change or two, not more. */
const CHECKS_MAX = 8;

/** What a registry or a manifest can begin to say of bytes that it had nothing against before. */
const CHANGEABLE: readonly PaymentErrorCode[] = [
  "READER_UNKNOWN",
  "READER_NOT_ACTIVE",
  "TERMINAL_UNKNOWN",
  "TERMINAL_NOT_ACTIVE",
  "CERTIFICATE_REJECTED",
  "CURRENCY_NOT_ACCEPTED",
  "NOT_PERMITTED",
];

/** What happens to a submitted payment until its record is committed. */
export class Intake {
  readonly #check: SubmissionCheck;
  readonly #recorder: Recorder;
  readonly #resumer: Resumer;
  readonly #clock: Clock;

  constructor(check: SubmissionCheck, recorder: Recorder, resumer: Resumer, clock: Clock) {
    this.#check = check;
    this.#recorder = recorder;
    this.#resumer = resumer;
    this.#clock = clock;
  }

  /**
   * Checks a payment and records it, once.
   *
   * @throws PaymentError why it was refused; nothing was recorded then, unless the certainty of its
   *   code is UNKNOWN.
   */
  async take(
    submission: UncheckedSubmission,
    streamTerminal: TerminalKey | undefined,
    span: HopSpan,
  ): Promise<Recorded> {
    if (this.#recorder.isFull) {
      throw new PaymentError("OVERLOADED", "too many payments wait for the processor");
    }
    const askedAtMs = this.#clock.monotonicMs();
    const recorded = await this.#record(submission, streamTerminal, span);
    // Committed before, but this process lost it: the answer to its insert, or its whole memory.
    if (recorded.kind === "known") {
      await this.#resumer.resume(withBytes(recorded.record, submission.payment), askedAtMs);
    }
    return recorded;
  }

  async #record(
    submission: UncheckedSubmission,
    streamTerminal: TerminalKey | undefined,
    span: HopSpan,
  ): Promise<Recorded> {
    for (let attempt = 1; attempt <= CHECKS_MAX; attempt += 1) {
      let checked: CheckedSubmission;
      try {
        checked = await this.#check.check(submission, streamTerminal, span);
      } catch (error) {
        // "Refused" would be a wrong word about a payment that was recorded, perhaps charged.
        const wasPerhapsAccepted = error instanceof PaymentError && CHANGEABLE.includes(error.code);
        const known = wasPerhapsAccepted
          ? await this.#recorder.findRepeat(submission, streamTerminal)
          : undefined;
        if (known === undefined) throw error;
        return known;
      }
      const recorded = await this.#recorder.record(checked);
      if (recorded !== undefined) return recorded;
      this.#check.expire();
    }
    throw new PaymentError("OVERLOADED", "the registry changes all the time");
  }
}

/** An open record with the bytes that came again: the key of those that are kept may be gone. */
function withBytes(record: StoredRecord, payment: SignedPayment): StoredRecord {
  const isOpen = record.state === "RECEIVED" || record.state === "FORWARDED";
  return isOpen ? { ...record, payment } : record;
}
