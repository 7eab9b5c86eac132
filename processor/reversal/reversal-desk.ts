import { GroupCommit } from "../../mesh/group-commit.ts";
import { type HopSpan, recordedStatement } from "../../mesh/tracing/telemetry.ts";
import { PaymentError } from "../../payment/errors.ts";
import { isApproved } from "../../payment/states.ts";
import type { Signer } from "../../sealing/curves/curves.ts";
import { answerInRounds } from "../payments/answer-in-rounds.ts";
import { type EntryAnswer, faultAnswer, resultAnswer } from "../payments/entry-answer.ts";
import { isOfSameBytes, keyText, settlementDateOf } from "../payments/payment-row.ts";
import type { RetrievalReferences } from "../payments/retrieval-references.ts";
import type { ProcessorSurroundings } from "../processor-surroundings.ts";
import type { HoldReason, ReversalStore, ReversibleFacts } from "./reversal-store.ts";
import type { ReverseOrder } from "./reverse-order.ts";
import { reversedPayment, tombstone } from "./reversed-payment.ts";

const OVERLOAD = "too many changes of one payment at the same time";

/** How long after an approval it is undone without an operator, unless a setting says otherwise. */
export const REVERSE_WITHIN_MS = 24 * 3_600_000;

interface Reversal {
  readonly order: ReverseOrder;
  readonly span: HopSpan;
}

/**
 * Undoes payments, many at a time: a payment that never came gets a tombstone, an approved one the
 * opposite posting unless its relay has told it, any other its stored answer. A repeat gets
 * the first answer. An order that may not undo an approval by itself is held for an operator.
 */
export class ReversalDesk {
  readonly #store: ReversalStore;
  readonly #references: RetrievalReferences;
  readonly #resultSigner: () => Signer;
  readonly #around: ProcessorSurroundings;
  readonly #reverseWithinMs: number;
  readonly #group: GroupCommit<Reversal, EntryAnswer>;

  /**
   * @param resultSigner gives the key of processor_result in use now.
   * @param limits how long after an approval it is undone without an operator.
   */
  constructor(
    store: ReversalStore,
    references: RetrievalReferences,
    resultSigner: () => Signer,
    around: ProcessorSurroundings,
    limits: { readonly reverseWithinMs: number },
  ) {
    this.#store = store;
    this.#references = references;
    this.#resultSigner = resultSigner;
    this.#around = around;
    this.#reverseWithinMs = limits.reverseWithinMs;
    this.#group = new GroupCommit({
      flush: (reversals) =>
        answerInRounds(reversals, OVERLOAD, (open, answers) => this.#reverseRound(open, answers)),
    });
  }

  /** @throws PaymentError OVERLOADED or STORE_NOT_REACHED; other refusals are answers. */
  reverse(reversal: Reversal): Promise<EntryAnswer> {
    return this.#group.add(reversal);
  }

  /** Resolves when nothing is being reversed. */
  idle(): Promise<void> {
    return this.#group.idle();
  }

  /** Adds the answers that this round could settle. */
  async #reverseRound(
    open: readonly Reversal[],
    answers: Map<Reversal, EntryAnswer>,
  ): Promise<void> {
    const facts = await this.#recorded(open, "SELECT", () =>
      this.#store.read(open.map(({ order }) => order)),
    );
    const nowMs = this.#around.clock.nowMs();
    const reverseWithinMs = this.#reverseWithinMs;
    const changes = new Map<string, Change>();
    const held: Held[] = [];
    open.forEach((reversal, index) => {
      const found = facts[index];
      const answer = found === undefined ? undefined : answerOf(reversal.order, found);
      const reason = found && holdReasonOf(found, { nowMs, reverseWithinMs });
      if (answer !== undefined) answers.set(reversal, answer);
      else if (reason !== undefined) held.push({ reversal, found, reason });
      else changes.set(keyText(reversal.order), { reversal, found });
    });
    if (held.length > 0) await this.#hold(held, nowMs, answers);
    if (changes.size > 0) await this.#write([...changes.values()], answers);
  }

  /** An order that is held already costs no statement. */
  async #hold(
    held: readonly Held[],
    orderedAtMs: number,
    answers: Map<Reversal, EntryAnswer>,
  ): Promise<void> {
    const rows = held.flatMap(({ reversal: { order }, found, reason }) =>
      found?.hold === undefined ? [{ ...order, orderedAtMs, reason }] : [],
    );
    const begun = rows.length === 0 ? [] : await this.#store.hold(rows);
    for (const recordNumber of begun) {
      const message = "a reversal waits for an operator";
      this.#around.log.security("reversal_held", message, { recordNumber });
    }
    for (const { reversal } of held) {
      answers.set(reversal, fault("REVERSAL_HELD", "an operator has to decide about this order"));
    }
  }

  async #write(changes: readonly Change[], answers: Map<Reversal, EntryAnswer>): Promise<void> {
    const { clock, faults } = this.#around;
    const numbers = await this.#references.take(changes.length);
    const nowMs = clock.nowMs();
    const times = { nowMs, settlementDate: settlementDateOf(nowMs) };
    const signer = this.#resultSigner();
    const tombstones = changes.flatMap(({ reversal: { order }, found }, index) => {
      const retrievalReference = numbers[index] ?? "";
      return found === undefined
        ? [tombstone(order, { ...times, retrievalReference, signer })]
        : [];
    });
    const reversals = changes.flatMap(({ reversal: { order }, found }) =>
      found === undefined ? [] : [reversedPayment(order, found, { ...times, signer })],
    );
    const touched = changes.map(({ reversal }) => reversal);
    const written = await this.#recorded(touched, "UPDATE", () =>
      this.#store.write({ tombstones, reversals }),
    );
    await faults.at("processor.written");
    const results = new Map([...tombstones, ...reversals].map((row) => [keyText(row), row.stored]));
    for (const reversal of touched) {
      const key = keyText(reversal.order);
      const stored = results.get(key);
      if (stored === undefined || !written.has(key)) continue;
      reversal.span.set({ paymentState: "REVERSED" });
      answers.set(reversal, resultAnswer(stored, signer));
    }
  }

  #recorded<Answer>(
    reversals: readonly Reversal[],
    operation: "SELECT" | "UPDATE",
    run: () => Promise<Answer>,
  ): Promise<Answer> {
    const spans = reversals.map(({ span }) => span);
    const statement = { operation, collection: "payment" };
    return recordedStatement({ telemetry: this.#around.telemetry, spans, statement, run });
  }
}

interface Held extends Change {
  readonly reason: HoldReason;
}

/**
 * Why an order may not undo an approval by itself; undefined when it may. An order that came in
 * time stays in time, however long its relay was not active.
 */
function holdReasonOf(
  { hold, isRelayActive, processorTimeMs }: ReversibleFacts,
  { nowMs, reverseWithinMs }: { readonly nowMs: number; readonly reverseWithinMs: number },
): HoldReason | undefined {
  if (hold?.state === "RELEASED") return undefined;
  if (!isRelayActive) return "RELAY_NOT_ACTIVE";
  const orderedAtMs = Math.min(nowMs, hold?.orderedAtMs ?? nowMs);
  return orderedAtMs - processorTimeMs > reverseWithinMs ? "LATE" : undefined;
}

/** A payment that never came, or one that was found approved. */
interface Change {
  readonly reversal: Reversal;
  readonly found: ReversibleFacts | undefined;
}

/** The answer to a payment that there is no more to do for; undefined when it is to be undone. */
function answerOf(order: ReverseOrder, found: ReversibleFacts): EntryAnswer | undefined {
  if (found.relayId !== order.relayId) {
    return fault("OWNED_ELSEWHERE", "another relay submitted this payment");
  }
  if (!isOfSameBytes(found.digest, order.digest)) {
    return fault("DUPLICATE_DIFFERS", "payment_id was used for other bytes");
  }
  if (!isApproved(found.state)) return resultAnswer(found.stored);
  // The relay has told it, or may have, and lost its memory of that: what it told stands.
  if (order.isUnlessApproved) return resultAnswer(found.stored);
  if (found.acknowledgedRevision >= found.revision) return resultAnswer(found.stored);
  return undefined;
}

function fault(
  code: "OWNED_ELSEWHERE" | "DUPLICATE_DIFFERS" | "REVERSAL_HELD",
  message: string,
): EntryAnswer {
  return faultAnswer(new PaymentError(code, message));
}
