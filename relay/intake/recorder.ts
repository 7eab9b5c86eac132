import { GroupCommit } from "../../mesh/group-commit.ts";
import { recordedStatement } from "../../mesh/tracing/telemetry.ts";
import { clockError } from "../../payment/clock-difference.ts";
import { PaymentError } from "../../payment/errors.ts";
import { type TerminalKey, terminalName } from "../../payment/identifiers.ts";
import {
  newRecordNumber,
  RECORD_NUMBER_BYTES,
  type RecordNumber,
} from "../../payment/record-number.ts";
import { lowestRevision } from "../../payment/registry-revision.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import { sha512 } from "../../sealing/curves/hash.ts";
import type { PaymentToSend } from "../forwarding/flight.ts";
import type { Forwarder } from "../forwarding/forwarder.ts";
import type { ProcessorLanes } from "../forwarding/processor-lanes.ts";
import type { Recording, RecordStore } from "../records/record-store.ts";
import {
  type CheckedSubmission,
  isSamePayment,
  newRecord,
  type RelayRecord,
  type StoredRecord,
} from "../records/relay-record.ts";
import type { RelaySurroundings } from "../relay-surroundings.ts";
import type { UncheckedSubmission } from "./submission.ts";

/**
 * Numbers of one second differ in 25 random bits, and the seconds start again after 12 days: with a
 * year of a thousand payments a second, one number in a thousand is taken.
 */
export const NUMBER_ATTEMPTS_MAX = 8;

/** What a submission led to; committed. */
export type Recorded =
  | { readonly kind: "new"; readonly record: RelayRecord }
  | { readonly kind: "known"; readonly record: StoredRecord };

/** Makes records of submissions, in groups; each group is one commit and one box to a processor. */
export class Recorder {
  readonly #store: Pick<RecordStore, "insert" | "findByPayments">;
  readonly #forwarder: Forwarder;
  readonly #lanes: ProcessorLanes;
  readonly #around: RelaySurroundings;
  readonly #commits: GroupCommit<CheckedSubmission, Recorded | undefined>;

  constructor(
    store: Pick<RecordStore, "insert" | "findByPayments">,
    forwarder: Forwarder,
    lanes: ProcessorLanes,
    around: RelaySurroundings,
  ) {
    this.#store = store;
    this.#forwarder = forwarder;
    this.#lanes = lanes;
    this.#around = around;
    this.#commits = new GroupCommit({
      flush: (submissions) => this.#commit(submissions),
      pace: { clock: around.clock },
    });
  }

  /** Whether so many payments wait for the processor that nothing more should be recorded. */
  get isFull(): boolean {
    return this.#forwarder.isFull;
  }

  /**
   * The same payment with the same bytes gives the same record, for ever; also when it comes too
   * late to be recorded for the first time.
   *
   * @returns undefined, and nothing was recorded, when the registry has changed since the check.
   * @throws PaymentError DUPLICATE_DIFFERS, SUBMITTED_TOO_LATE, CLOCK_WRONG, OVERLOADED or
   *   STORE_NOT_REACHED.
   */
  async record(submission: CheckedSubmission): Promise<Recorded | undefined> {
    const obstacle = this.#obstacleOf(submission);
    const recorded =
      obstacle === undefined
        ? await this.#commits.add(submission)
        : await this.#findUntimely(submission, obstacle);
    if (recorded?.kind === "known" && !isSamePayment(recorded.record, submission.digest)) {
      const { paymentId } = submission.context;
      const message = `payment ${paymentId} is recorded with other contents`;
      throw new PaymentError("DUPLICATE_DIFFERS", message);
    }
    return recorded;
  }

  /**
   * The record of these very bytes, whoever may submit today; undefined when they are new, or those
   * of another terminal than the stream's.
   *
   * @throws PaymentError STORE_NOT_REACHED
   */
  async findRepeat(
    { parsed, payment }: UncheckedSubmission,
    streamTerminal: TerminalKey | undefined,
  ): Promise<Extract<Recorded, { kind: "known" }> | undefined> {
    if (parsed instanceof PaymentError) return undefined;
    const { context } = parsed;
    const isAnothers =
      streamTerminal !== undefined && terminalName(streamTerminal) !== terminalName(context);
    if (isAnothers) return undefined;
    const [record] = await this.#store.findByPayments([context]);
    const isRepeat =
      record?.digest !== undefined && equalBytes(record.digest, sha512(payment.readerPayment));
    return isRepeat ? { kind: "known", record } : undefined;
  }

  idle(): Promise<void> {
    return this.#commits.idle();
  }

  /**
   * Why a payment may not be recorded now. submit_before is what the reader's clock made it: one
   * that is fast would keep the payment good for as long.
   */
  #obstacleOf({ context }: CheckedSubmission): PaymentError | undefined {
    const { submitBeforeMs, readerTimeMs } = context.wire;
    const nowMs = this.#around.clock.nowMs();
    if (nowMs <= submitBeforeMs) {
      return clockError("the reader", Math.max(0, Number(readerTimeMs) - nowMs));
    }
    return new PaymentError(
      "SUBMITTED_TOO_LATE",
      `payment must be submitted before ${new Date(Number(submitBeforeMs)).toISOString()}`,
      { field: "submit_before_ms" },
    );
  }

  /** What was recorded in time is found again at any time. */
  async #findUntimely(submission: CheckedSubmission, obstacle: PaymentError): Promise<Recorded> {
    const [record] = await this.#store.findByPayments([submission.context]);
    if (record !== undefined) return { kind: "known", record };
    throw obstacle;
  }

  async #commit(
    submissions: readonly CheckedSubmission[],
  ): Promise<readonly (Recorded | undefined)[]> {
    const results = new Map<CheckedSubmission, Recorded | undefined>();
    for (let attempt = 1; attempt <= NUMBER_ATTEMPTS_MAX; attempt += 1) {
      const open = submissions.filter((submission) => !results.has(submission));
      if (open.length === 0) break;
      await this.#insert(open, results);
    }
    return submissions.map((submission) => {
      if (results.has(submission)) return results.get(submission);
      throw new PaymentError("OVERLOADED", "no record number could be found that is not taken");
    });
  }

  /** Leaves those out of `results` whose new number was taken. */
  async #insert(
    submissions: readonly CheckedSubmission[],
    results: Map<CheckedSubmission, Recorded | undefined>,
  ): Promise<void> {
    const store = this.#store;
    const { instance: leaseOwner, deadlineMs, clock, telemetry, faults } = this.#around;
    const state = this.#lanes.isOpen ? "FORWARDED" : "RECEIVED";
    // Counted from before the record: the relay gives up no later than the database has it due.
    const overAtMs = clock.monotonicMs() + deadlineMs;
    const payments = this.#numbered(submissions, state, overAtMs);
    const registryRevision = lowestRevision(submissions);
    const inserted = await recordedStatement({
      telemetry,
      spans: submissions.map(({ span }) => span),
      statement: { operation: "INSERT", collection: "record" },
      run: () =>
        store.insert([...payments.values()], { state, deadlineMs, leaseOwner, registryRevision }),
    });
    if (inserted === undefined) {
      for (const submission of submissions) results.set(submission, undefined);
      return;
    }
    await faults.at("relay.recorded");
    const fresh: PaymentToSend[] = [];
    for (const [submission, payment] of payments) {
      const { record } = payment;
      if (!inserted.has(record.recordNumber)) continue;
      fresh.push(payment);
      results.set(submission, { kind: "new", record });
    }
    this.#forwarder.add(fresh);
    const rest = submissions.filter((submission) => !results.has(submission));
    if (rest.length === 0) return;
    const known = await store.findByPayments(rest.map(({ context }) => context));
    for (const submission of rest) {
      const { merchantId, paymentId } = submission.context;
      const record = known.find(
        (one) => one.paymentId === paymentId && one.merchantId === merchantId,
      );
      if (record !== undefined) results.set(submission, { kind: "known", record });
    }
  }

  /** Each has a number of its own: of two with the same one, one would be told and not written. */
  #numbered(
    submissions: readonly CheckedSubmission[],
    state: Recording["state"],
    overAtMs: number,
  ): ReadonlyMap<CheckedSubmission, PaymentToSend> {
    const { relayId, random, clock } = this.#around;
    const nowMs = clock.nowMs();
    const drawn = new Set<RecordNumber>();
    const payments = new Map<CheckedSubmission, PaymentToSend>();
    for (const submission of submissions) {
      const drawnBefore = drawn.size;
      let recordNumber: RecordNumber;
      do {
        recordNumber = newRecordNumber(relayId, nowMs, random.bytes(RECORD_NUMBER_BYTES));
        drawn.add(recordNumber);
      } while (drawn.size === drawnBefore);
      const record = newRecord(submission, recordNumber, state);
      const { context, merchantCategoryCode } = submission;
      payments.set(submission, { record, context, merchantCategoryCode, overAtMs, timesSent: 0 });
    }
    return payments;
  }
}
