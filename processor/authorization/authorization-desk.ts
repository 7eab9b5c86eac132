import type { Clock } from "../../mesh/clock.ts";
import type { Faults } from "../../mesh/faults.ts";
import { GroupCommit } from "../../mesh/group-commit.ts";
import { recordedStatement } from "../../mesh/tracing/recorded-statement.ts";
import type { Telemetry } from "../../mesh/tracing/telemetry.ts";
import { PaymentError } from "../../payment/errors.ts";
import type { Signer } from "../../sealing/curves/curves.ts";
import type { Random } from "../../sealing/random.ts";
import { answerInRounds } from "../payments/answer-in-rounds.ts";
import { keyText } from "../payments/payment-row.ts";
import type { RetrievalReferences } from "../payments/retrieval-references.ts";
import { settlementDateOf } from "../payments/settlement-date.ts";
import { type DecidedPayment, decideBatch, obstacleOf, type Verdict } from "./decide-batch.ts";
import { earlyFactsOf, standsOnEarlyFacts } from "./early-facts.ts";
import { newPayment } from "./new-payment.ts";
import type { BatchFacts, EarlyFacts, Question } from "./payment-facts.ts";
import type { PaymentStore } from "./payment-store.ts";
import { type EntryAnswer, resultAnswer, type Submission } from "./submission.ts";

const READ_AGAIN: Verdict = { kind: "read again" };

const OVERLOAD = "too many payments of one account at the same time";

export interface DeskParts {
  readonly store: PaymentStore;
  readonly references: RetrievalReferences;
  /** The key of processor_result in use now. */
  readonly resultSigner: () => Signer;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly faults?: Faults | undefined;
}

/**
 * Decides payments and writes them, many at a time: one statement to read what the batch needs, a
 * decision in memory, one statement to write it. What was read before a PIN was asked about serves
 * the first round again, for approvals. Races between processors are settled by UNIQUE and
 * CHECK in that statement, never by a lock here.
 */
export class AuthorizationDesk {
  readonly #parts: DeskParts;
  readonly #group: GroupCommit<Submission, EntryAnswer>;
  readonly #previews: GroupCommit<Submission, PaymentError | EarlyFacts>;

  constructor(parts: DeskParts) {
    this.#parts = parts;
    this.#group = new GroupCommit({
      flush: (submissions) => this.#decide(submissions),
      pace: { clock: parts.clock },
    });
    this.#previews = new GroupCommit({
      flush: (submissions) => this.#preview(submissions),
      pace: { clock: parts.clock },
    });
  }

  /**
   * Why a payment will not be decided, as far as that does not depend on its PIN: no try is to be
   * counted for it. Else what is known of it, to be handed in again with the PIN's verdict.
   *
   * @throws PaymentError OVERLOADED or STORE_NOT_REACHED
   */
  preview(submission: Submission): Promise<PaymentError | EarlyFacts> {
    return this.#previews.add(submission);
  }

  /** @throws PaymentError OVERLOADED or STORE_NOT_REACHED; other refusals are answers. */
  authorize(submission: Submission): Promise<EntryAnswer> {
    return this.#group.add(submission);
  }

  /** Resolves when nothing is being decided. */
  idle(): Promise<void> {
    return this.#group.idle();
  }

  async #preview(
    submissions: readonly Submission[],
  ): Promise<readonly (PaymentError | EarlyFacts)[]> {
    const readAtMs = this.#parts.clock.monotonicMs();
    const facts = await this.#read(submissions, submissions.map(questionOf));
    const nowMs = this.#parts.clock.nowMs();
    const time = { nowMs, today: settlementDateOf(nowMs) };
    return submissions.map((submission, index) => {
      const known = facts[index];
      if (known === undefined) throw new Error("bug: a submission without facts");
      return obstacleOf(submission, known, time) ?? { facts: known, readAtMs };
    });
  }

  #read(
    submissions: readonly Submission[],
    questions: readonly Question[],
  ): Promise<readonly BatchFacts[]> {
    return this.#recorded(submissions, "SELECT", () => this.#parts.store.read(questions));
  }

  #decide(submissions: readonly Submission[]): Promise<readonly EntryAnswer[]> {
    let early = earlyFactsOf(submissions, this.#parts.clock.monotonicMs());
    return answerInRounds(submissions, OVERLOAD, (open, answers) => {
      const known = early;
      early = undefined;
      return this.#decideRound(open, known, answers);
    });
  }

  /**
   * Adds the answers that this round could settle.
   *
   * @param early facts, when they need not be read: what does not stand on them is left open.
   */
  async #decideRound(
    open: readonly Submission[],
    early: readonly BatchFacts[] | undefined,
    answers: Map<Submission, EntryAnswer>,
  ): Promise<void> {
    const { store, clock } = this.#parts;
    const questions = open.map(questionOf);
    const facts = early ?? (await this.#read(open, questions));
    const nowMs = clock.nowMs();
    const verdicts = decideBatch(open, facts, { nowMs, today: settlementDateOf(nowMs) }).map(
      (verdict) => (early === undefined || standsOnEarlyFacts(verdict) ? verdict : READ_AGAIN),
    );
    const unopened = questions.filter((_, index) => verdicts[index]?.kind === "accounts missing");
    if (unopened.length > 0) await store.openAccounts(unopened);
    open.forEach((submission, index) => {
      const verdict = verdicts[index];
      if (verdict?.kind === "answered") answers.set(submission, verdict.answer);
    });
    const decided = verdicts.filter((verdict) => verdict.kind === "decided");
    if (decided.length > 0) await this.#write(decided, nowMs, answers);
  }

  async #write(
    decided: readonly DecidedPayment[],
    nowMs: number,
    answers: Map<Submission, EntryAnswer>,
  ): Promise<void> {
    const { store, references, resultSigner, random, faults } = this.#parts;
    const numbers = await references.take(decided.length);
    const signer = resultSigner();
    const payments = decided.map((one, index) =>
      newPayment(one, { retrievalReference: numbers[index] ?? "", nowMs, signer, random }),
    );
    const submissions = decided.map(({ submission }) => submission);
    await faults?.at("processor.decided");
    const written = await this.#recorded(submissions, "INSERT", () => store.write(payments));
    await faults?.at("processor.written");
    payments.forEach(({ row }, index) => {
      const submission = submissions[index];
      if (submission === undefined || written?.has(keyText(row)) !== true) return;
      submission.span.set({ paymentState: row.state, responseCode: row.responseCode });
      answers.set(submission, resultAnswer(row.stored, signer));
    });
  }

  #recorded<Answer>(
    submissions: readonly Submission[],
    operation: "SELECT" | "INSERT",
    run: () => Promise<Answer>,
  ): Promise<Answer> {
    const spans = submissions.map(({ span }) => span);
    const statement = { operation, collection: "payment" };
    return recordedStatement({ telemetry: this.#parts.telemetry, spans, statement, run });
  }
}

function questionOf({ context, relayId, content }: Submission): Question {
  const opened = content instanceof PaymentError ? undefined : content;
  return {
    merchantId: context.merchantId,
    paymentId: context.paymentId,
    previousPaymentId: context.previousPaymentId,
    relayId,
    readerCertificateId: context.wire.readerCertificateId,
    terminalCertificateId: context.wire.terminalCertificateId,
    signing: opened?.signing,
    panToken: opened?.panToken,
    currency: context.currency,
  };
}
