import { ShownOutcome } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import type { PaymentReport } from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { Turns } from "../../mesh/limits/turns.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import { errorOfFault, PaymentError } from "../../payment/errors.ts";
import { type PaymentId, paymentIdToBytes } from "../../payment/identifiers.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import type { CheckedTerminalCertificate } from "../../sealing/keys/certificates.ts";
import type { KeptManifest } from "../../sealing/keys/kept-manifest.ts";
import { isSigned, type Journal, type JournalEntry, type SignedEntry } from "../journal/journal.ts";
import type { ReaderConversation, ReaderLink } from "../reader/reader-link.ts";
import type { RelayLink } from "../relay/relay-link.ts";
import {
  isInPart,
  type KnownSoFar,
  reportRefused,
  reportResult,
  reportUnknown,
} from "./payment-report.ts";
import { type Settled, settledBy, type VerifiedResult } from "./processor-word.ts";
import { type Beginning, type RelayAnswer, Settlement } from "./settlement.ts";
import { TakenPayments } from "./taken-payments.ts";

/**
 * Questions at once about payments that nobody waits for. A relay serves sixteen calls of a
 * terminal at once: new payments find room, however many a restart has left open.
 */
const UNHURRIED_MAX = 4;
/** A reader verifies and shows a result in well under a second. */
const SHOW_MS_MAX = 5_000;

interface OpenPaymentsOptions extends Pick<Surroundings, "clock" | "log" | "faults"> {
  readonly journal: Journal;
  readonly reader: ReaderLink;
  readonly relay: RelayLink;
  readonly manifest: KeptManifest;
  readonly renewManifest: () => Promise<void>;
  readonly certificate: CheckedTerminalCertificate;
  /** From 0 up to 1. */
  readonly jitter: () => number;
}

/** A payment of which nothing final is known, until its end is in the journal. */
export interface OpenPayment {
  readonly entry: JournalEntry;
  readonly known: KnownSoFar;
  /** The end, once it was shown and is in the journal. */
  readonly finished: Promise<PaymentReport>;
  /** Called when the relay has committed a record, at once if it has already; until disposal. */
  onRecorded(handler: (recordNumber: string) => void): Disposable;
  /** A till waits for it: it is asked for before those that nobody waits for. */
  hurry(): void;
  /** Gives the reader back; the end is then shown only if the reader is free at that time. */
  release(): void;
}

interface Carrying {
  /** With the reader that is to show the result. */
  readonly conversation?: ReaderConversation | undefined;
  /** Where it waits for its questions' turn, as long as nobody waits for it. */
  readonly turns?: Turns | undefined;
}

/**
 * Sees to it that every payment that was begun comes to an end that the processor signed, whether
 * anybody waits for it or not.
 */
export class OpenPayments implements Disposable {
  readonly taking = new TakenPayments();
  readonly #options: OpenPaymentsOptions;
  readonly #open = new Map<PaymentId, OpenPayment & { readonly settlement: Settlement }>();
  readonly #unhurried = new Turns(UNHURRIED_MAX);

  constructor(options: OpenPaymentsOptions) {
    this.#options = options;
  }

  find(paymentId: PaymentId): OpenPayment | undefined {
    return this.#open.get(paymentId);
  }

  /** Takes up what a crash or restart left in the journal. */
  resume(): void {
    for (const entry of this.#options.journal.open) this.takeUp(entry, this.#unhurried);
  }

  /**
   * Goes on with a payment that nobody carries any more, after a crash or because the journal could
   * not be written.
   */
  takeUp(entry: JournalEntry, turns?: Turns): OpenPayment {
    this.#options.log.info("an open payment is taken up", { paymentId: entry.paymentId });
    if (isSigned(entry)) return this.#carry({ kind: "signed", entry }, { turns });
    // This journal never had its bytes. Another one may have: this one was restored, or replaced.
    const stopped = new PaymentError("CANCELLED", "the terminal stopped before the signature");
    return this.#carry({ kind: "ended", entry, error: entry.reason ?? stopped }, { turns });
  }

  /** @param conversation with the reader that is to show the result, while it is there. */
  settle(entry: SignedEntry, conversation?: ReaderConversation): OpenPayment {
    return this.#carry({ kind: "signed", entry }, { conversation });
  }

  /**
   * Makes a payment impossible that ended before its bytes were submitted, and finds out so. Why it
   * ended is in the journal first, to be told after a restart as well.
   */
  async end(entry: JournalEntry, error: unknown): Promise<OpenPayment> {
    const { journal, log } = this.#options;
    if (!(error instanceof PaymentError)) {
      log.failure("a payment ended for an unknown reason", error);
    }
    const reason =
      error instanceof PaymentError ? error : new PaymentError("INTERNAL", "internal error");
    const { paymentId } = entry;
    await journal.write({ ...entry, reason }).catch((cause) => {
      // Without it the payment ends all the same.
      log.failure("why a payment ended could not be stored", cause, { paymentId });
    });
    return this.#carry({ kind: "ended", entry, error: reason });
  }

  /** Takes over what the relay knows, of a payment that the journal has forgotten. */
  remember(entry: JournalEntry, answer: RelayAnswer): OpenPayment {
    return this.#carry({ kind: "remembered", entry, answer });
  }

  /** The same for whoever only asks: nothing is kept of it. */
  async read(entry: JournalEntry, answer: RelayAnswer): Promise<PaymentReport> {
    const { certificate } = this.#options;
    const { recordNumber, state, nextStep, result, fault } = answer;
    const known = { recordNumber, state, nextStep };
    if (result === undefined) return reportUnknown(entry, known);
    try {
      const own = { entry, merchantId: certificate.merchantId, payment: undefined };
      const why = fault && errorOfFault(fault);
      const settled = await settledBy(result, { own, keys: this.#options }, { why });
      return this.#report(entry, settled, ShownOutcome.UNSPECIFIED);
    } catch (error) {
      if (!(error instanceof PaymentError)) throw error;
      return reportUnknown(entry, { ...known, error });
    }
  }

  relayIsBack(): void {
    for (const { settlement } of this.#open.values()) settlement.relayIsBack();
  }

  [Symbol.dispose](): void {
    for (const { settlement } of this.#open.values()) settlement[Symbol.dispose]();
  }

  #carry(beginning: Beginning, carrying: Carrying = {}): OpenPayment {
    const { entry } = beginning;
    const { merchantId } = this.#options.certificate;
    const settlement = new Settlement({
      ...this.#options,
      beginning,
      merchantId,
      turns: carrying.turns,
    });
    let reader = carrying.conversation;
    const open = {
      entry,
      settlement,
      get known() {
        return settlement.known;
      },
      finished: settlement.settled.then((settled) => this.#finish(entry, settled, reader)),
      onRecorded: (handler: (recordNumber: string) => void) => settlement.onRecorded(handler),
      hurry: () => settlement.hurry(),
      release() {
        reader = undefined;
      },
    };
    open.finished.catch((error) => {
      // It is still open in the journal: whoever asks next, or the next start, takes it up.
      this.#open.delete(entry.paymentId);
      this.#options.log.failure("the end of a payment could not be stored", error);
    });
    this.#open.set(entry.paymentId, open);
    return open;
  }

  async #finish(
    entry: JournalEntry,
    settled: Settled,
    conversation: ReaderConversation | undefined,
  ): Promise<PaymentReport> {
    const { journal, faults } = this.#options;
    if (settled.kind === "refused") forget(entry, conversation);
    const shown =
      settled.kind === "refused"
        ? ShownOutcome.UNSPECIFIED
        : await this.#show(entry, settled.verified, conversation);
    const report = this.#report(entry, settled, shown);
    await faults.at("terminal.settled");
    await journal.finish(asItWas(entry, report), report);
    this.#open.delete(entry.paymentId);
    return report;
  }

  #report(entry: JournalEntry, settled: Settled, shown: ShownOutcome): PaymentReport {
    const merchant = this.#options.certificate.wire;
    return settled.kind === "refused"
      ? reportRefused(entry, settled)
      : reportResult(entry, settled, { merchant, shown });
  }

  /** @returns what the reader shows after its own check; unspecified when it could not be asked. */
  async #show(
    entry: JournalEntry,
    { signed }: VerifiedResult,
    conversation: ReaderConversation | undefined,
  ): Promise<ShownOutcome> {
    // A reader believes a result of what it signed, and here nobody knows that it did.
    if (!isSigned(entry)) return ShownOutcome.UNSPECIFIED;
    if (conversation !== undefined && !conversation.isCut) {
      return this.#showOn(conversation, entry, signed);
    }
    const { reader } = this.#options;
    if (reader.peer === undefined || reader.isBusy) return ShownOutcome.UNSPECIFIED;
    using another = reader.converse();
    return await this.#showOn(another, entry, signed);
  }

  async #showOn(
    conversation: ReaderConversation,
    { paymentId, traceparent }: SignedEntry,
    result: VerifiedResult["signed"],
  ): Promise<ShownOutcome> {
    const { clock, log } = this.#options;
    using _timer = clock.timer(SHOW_MS_MAX, () => conversation.cut());
    conversation.send({ case: "showResult", value: { result } }, traceparent);
    const id = paymentIdToBytes(paymentId);
    try {
      for (;;) {
        const { message } = await conversation.next();
        if (message.case === "fault") return ShownOutcome.UNKNOWN;
        if (message.case !== "resultShown") continue;
        const { paymentId: shownId, shown } = message.value;
        // A result that the reader refused names no payment, unless one was underway.
        if (shownId.length === 0 || equalBytes(shownId, id)) return shown;
      }
    } catch (error) {
      // The processor's answer stands, whatever the display says.
      const errorCode = error instanceof PaymentError ? error.code : undefined;
      log.warn("the reader did not show the result", { paymentId, errorCode });
      return ShownOutcome.UNSPECIFIED;
    }
  }
}

/** A till that repeats a forgotten payment may ask otherwise than the first one did. */
function asItWas(entry: JournalEntry, { result }: PaymentReport): JournalEntry {
  if (!isInPart(result)) return entry;
  return { ...entry, request: { ...entry.request, acceptPartial: true } };
}

/** The reader still waits for the result of what it signed, and can check none that says less. */
function forget({ paymentId, traceparent }: JournalEntry, conversation?: ReaderConversation): void {
  if (conversation === undefined || conversation.isCut) return;
  const value = { paymentId: paymentIdToBytes(paymentId) };
  conversation.send({ case: "cancel", value }, traceparent);
}
