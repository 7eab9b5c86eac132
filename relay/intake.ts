import type { HopSpan } from "../mesh/telemetry.ts";
import { PaymentError } from "../payment/errors.ts";
import type { TerminalId } from "../payment/identifiers.ts";
import type { Forwarder } from "./forwarder.ts";
import type { Recorded, Recorder } from "./recorder.ts";
import type { Resumer } from "./resumer.ts";
import type { SubmissionCheck, UncheckedSubmission } from "./submission.ts";

export interface IntakeOptions {
  readonly check: SubmissionCheck;
  readonly recorder: Recorder;
  readonly forwarder: Forwarder;
  readonly resumer: Resumer;
}

/** What happens to a submitted payment until its record is committed. */
export class Intake {
  readonly #options: IntakeOptions;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /**
   * Checks a payment and records it, once.
   *
   * @throws PaymentError why it was refused; nothing was recorded then, unless the certainty of its
   *   code is UNKNOWN.
   */
  async take(
    submission: UncheckedSubmission,
    streamTerminalId: TerminalId | undefined,
    span: HopSpan,
  ): Promise<Recorded> {
    const { check, recorder, forwarder, resumer } = this.#options;
    if (forwarder.isFull) {
      throw new PaymentError("OVERLOADED", "too many payments wait for the processor");
    }
    const checked = await check.check(submission, streamTerminalId, span);
    const recorded = await recorder.record(checked);
    // Committed before, but this process lost it: the answer to its insert, or its whole memory.
    if (recorded.kind === "known") await resumer.resume(recorded.record);
    return recorded;
  }
}
