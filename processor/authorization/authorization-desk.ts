import { GroupCommit } from "../../mesh/group-commit.ts";
import { recordedStatement } from "../../mesh/tracing/telemetry.ts";
import { lowestRevision } from "../../payment/registry-revision.ts";
import type { Signer } from "../../sealing/curves/curves.ts";
import { answerInRounds } from "../payments/answer-in-rounds.ts";
import { type EntryAnswer, resultAnswer } from "../payments/entry-answer.ts";
import { keyText } from "../payments/payment-row.ts";
import type { RetrievalReferences } from "../payments/retrieval-references.ts";
import type { ProcessorSurroundings } from "../processor-surroundings.ts";
import { type DecidedPayment, decideBatch, type Verdict } from "./decide-batch.ts";
import type { IncomingPayment } from "./incoming-payment.ts";
import { newPayment } from "./new-payment.ts";
import type { BatchFacts, EarlyFacts } from "./payment-facts.ts";
import type { PaymentStore } from "./payment-store.ts";

const READ_AGAIN: Verdict = { kind: "read again" };

const OVERLOAD = "too many payments of one account at the same time";

/** What whoever runs the processor lets merchants do. */
interface IssuerLimits {
  /** Refunds without a sale of one merchant, in euros or about as much; 0 for none. */
  readonly refundsADay: number;
}

/**
 * Decides payments and writes them, many at a time: one statement to read what the batch needs, a
 * decision in memory, one statement to write it. What was read before a PIN was asked about serves
 * the first round again, for approvals. Races between processors are settled by UNIQUE and
 * CHECK in that statement, never by a lock here.
 */
export class AuthorizationDesk {
  readonly #store: PaymentStore;
  readonly #references: RetrievalReferences;
  readonly #resultSigner: () => Signer;
  readonly #around: ProcessorSurroundings;
  readonly #group: GroupCommit<IncomingPayment, EntryAnswer>;
  readonly #readings: GroupCommit<IncomingPayment, EarlyFacts>;
  readonly #refundsADay: number;

  /** @param resultSigner gives the key of processor_result in use now. */
  constructor(
    store: PaymentStore,
    references: RetrievalReferences,
    resultSigner: () => Signer,
    around: ProcessorSurroundings,
    { refundsADay }: IssuerLimits,
  ) {
    this.#store = store;
    this.#refundsADay = refundsADay;
    this.#references = references;
    this.#resultSigner = resultSigner;
    this.#around = around;
    const { clock } = around;
    this.#group = new GroupCommit({
      flush: (payments) => this.#decide(payments),
      pace: { clock },
    });
    this.#readings = new GroupCommit({
      flush: (payments) => this.#readEarly(payments),
      pace: { clock },
    });
  }

  /**
   * What is known of a payment before its PIN is asked about: why it would be refused, and what it
   * may be decided from when it is handed in with the PIN's verdict.
   *
   * @throws PaymentError OVERLOADED or STORE_NOT_REACHED
   */
  read(payment: IncomingPayment): Promise<EarlyFacts> {
    return this.#readings.add(payment);
  }

  /** @throws PaymentError OVERLOADED or STORE_NOT_REACHED; other refusals are answers. */
  authorize(payment: IncomingPayment): Promise<EntryAnswer> {
    return this.#group.add(payment);
  }

  /** Resolves when nothing is being decided. */
  idle(): Promise<void> {
    return this.#group.idle();
  }

  async #readEarly(payments: readonly IncomingPayment[]): Promise<readonly EarlyFacts[]> {
    const readAtMs = this.#around.clock.monotonicMs();
    const read = await this.#read(payments);
    return read.map((facts) => ({ facts, readAtMs }));
  }

  async #read(payments: readonly IncomingPayment[]): Promise<readonly BatchFacts[]> {
    const facts = await this.#recorded(payments, "SELECT", () => this.#store.read(payments));
    for (const readerSerial of new Set(facts.map((one) => one.suspendedReader))) {
      if (readerSerial === undefined) continue;
      // Once for each suspension: a reader that is suspended already is not suspended again.
      const message = "a reader used a counter for two payments, and is suspended";
      this.#around.log.security("reader_suspended", message, { readerSerial });
    }
    return facts;
  }

  #decide(payments: readonly IncomingPayment[]): Promise<readonly EntryAnswer[]> {
    let early = earlyFactsOf(payments, this.#around.clock.monotonicMs());
    return answerInRounds(payments, OVERLOAD, (open, answers) => {
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
    open: readonly IncomingPayment[],
    early: readonly BatchFacts[] | undefined,
    answers: Map<IncomingPayment, EntryAnswer>,
  ): Promise<void> {
    const facts = early ?? (await this.#read(open));
    const nowMs = this.#around.clock.nowMs();
    const verdicts = decideBatch(open, facts, nowMs, this.#refundsADay).map((verdict) =>
      early === undefined || standsOnEarlyFacts(verdict) ? verdict : READ_AGAIN,
    );
    const unopened = open.filter((_, index) => verdicts[index]?.kind === "accounts missing");
    if (unopened.length > 0) await this.#store.openAccounts(unopened);
    open.forEach((payment, index) => {
      const verdict = verdicts[index];
      if (verdict?.kind === "answered") answers.set(payment, verdict.answer);
    });
    const decided = verdicts.filter((verdict) => verdict.kind === "decided");
    if (decided.length > 0) await this.#write(decided, nowMs, answers);
  }

  async #write(
    decided: readonly DecidedPayment[],
    nowMs: number,
    answers: Map<IncomingPayment, EntryAnswer>,
  ): Promise<void> {
    const { random, faults } = this.#around;
    const numbers = await this.#references.take(decided.length);
    const signer = this.#resultSigner();
    const rows = decided.map((one, index) =>
      newPayment(one, { retrievalReference: numbers[index] ?? "", nowMs, signer, random }),
    );
    const payments = decided.map(({ payment }) => payment);
    const registryRevision = lowestRevision(decided);
    await faults.at("processor.decided");
    const written = await this.#recorded(payments, "INSERT", () =>
      this.#store.write(rows, registryRevision),
    );
    await faults.at("processor.written");
    rows.forEach(({ row }, index) => {
      const payment = payments[index];
      if (payment === undefined || written?.has(keyText(row)) !== true) return;
      payment.span.set({ paymentState: row.state, responseCode: row.responseCode });
      answers.set(payment, resultAnswer(row.stored, signer));
    });
  }

  #recorded<Answer>(
    payments: readonly IncomingPayment[],
    operation: "SELECT" | "INSERT",
    run: () => Promise<Answer>,
  ): Promise<Answer> {
    const spans = payments.map(({ span }) => span);
    const statement = { operation, collection: "payment" };
    return recordedStatement({ telemetry: this.#around.telemetry, spans, statement, run });
  }
}

/** A PIN is verified in less, unless something is slow. Then the facts are read again. */
export const EARLY_FACTS_MS_MAX = 250;

/**
 * The facts that a batch may first be decided from, without reading; undefined when some of it has
 * none, or has them for too long.
 */
export function earlyFactsOf(
  payments: readonly IncomingPayment[],
  monotonicMs: number,
): readonly BatchFacts[] | undefined {
  const facts = payments.flatMap(({ early }) =>
    early !== undefined && monotonicMs - early.readAtMs <= EARLY_FACTS_MS_MAX ? [early.facts] : [],
  );
  return facts.length === payments.length ? facts : undefined;
}

/**
 * Whether a verdict from early facts may stand. An approval in full may: the statement that writes
 * it refuses it when the payment, its counter, the money or the right of a device is not there any
 * more. Whatever else may have become wrong meanwhile, and nothing would notice.
 * (docs/decisions/0011)
 */
function standsOnEarlyFacts(verdict: Verdict): boolean {
  switch (verdict.kind) {
    case "decided":
      return verdict.decision.responseCode === "00" && verdict.posting !== null;
    // To open them twice does nothing.
    case "accounts missing":
      return true;
    default:
      return false;
  }
}
