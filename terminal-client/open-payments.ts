import { ShownOutcome } from "../gen/cardlane/reader/v1/reader_pb.ts";
import type { PaymentReport } from "../gen/cardlane/terminal/v1/terminal_pb.ts";
import type { Clock } from "../mesh/clock.ts";
import type { Faults } from "../mesh/faults.ts";
import type { Log } from "../mesh/log.ts";
import { PaymentError } from "../payment/errors.ts";
import { type PaymentId, paymentIdToBytes } from "../payment/identifiers.ts";
import { equalBytes } from "../sealing/bytes.ts";
import type { CheckedTerminalCertificate } from "../sealing/certificates.ts";
import type { KeptManifest } from "../sealing/kept-manifest.ts";
import { isSigned, type Journal, type JournalEntry, type SignedEntry } from "./journal.ts";
import {
  type KnownSoFar,
  reportNothingDone,
  reportRefused,
  reportResult,
  type VerifiedResult,
} from "./payment-report.ts";
import type { ReaderConversation, ReaderLink } from "./reader-link.ts";
import type { RelayLink } from "./relay-link.ts";
import { type Settled, Settlement } from "./settlement.ts";

/** A reader verifies and shows a result in well under a second. */
const SHOW_MS_MAX = 5_000;

export interface OpenPaymentsOptions {
  readonly journal: Journal;
  readonly reader: ReaderLink;
  readonly relay: RelayLink;
  readonly manifest: KeptManifest;
  readonly renewManifest: () => Promise<void>;
  readonly certificate: CheckedTerminalCertificate;
  readonly clock: Clock;
  readonly log: Log;
  readonly faults?: Faults | undefined;
}

/** A payment whose bytes may have been submitted, until its end is in the journal. */
export interface OpenPayment {
  readonly known: KnownSoFar;
  /** The end, once it was shown and is in the journal. */
  readonly finished: Promise<PaymentReport>;
  /** Called when the relay has committed a record, at once if it has already; until disposal. */
  onRecorded(handler: (recordNumber: string) => void): Disposable;
  /** Gives the reader back; the end is then shown only if the reader is free at that time. */
  release(): void;
}

/** Sees to it that every signed payment comes to an end, whether anybody waits for it or not. */
export class OpenPayments implements Disposable {
  readonly #options: OpenPaymentsOptions;
  readonly #open = new Map<PaymentId, OpenPayment & { readonly settlement: Settlement }>();
  readonly #taking = new Set<PaymentId>();

  constructor(options: OpenPaymentsOptions) {
    this.#options = options;
  }

  find(paymentId: PaymentId): OpenPayment | undefined {
    return this.#open.get(paymentId);
  }

  /** Between the journal's first word of a payment and its signed bytes; until disposal. */
  beginTaking(paymentId: PaymentId): Disposable {
    this.#taking.add(paymentId);
    return { [Symbol.dispose]: () => void this.#taking.delete(paymentId) };
  }

  isTaking(paymentId: PaymentId): boolean {
    return this.#taking.has(paymentId);
  }

  /** Takes up what a crash or restart left in the journal. */
  async resume(): Promise<void> {
    for (const entry of this.#options.journal.open) await this.takeUp(entry);
  }

  /**
   * Goes on with a payment that nobody carries any more, after a crash or because the journal could
   * not be written.
   *
   * @throws PaymentError STORE_NOT_REACHED
   */
  async takeUp(entry: JournalEntry): Promise<void> {
    const { journal, log } = this.#options;
    const { paymentId } = entry;
    if (isSigned(entry)) {
      log.info("an open payment is taken up", { paymentId });
      this.settle(entry);
    } else {
      // Signed bytes are in the journal before they are submitted: here they never were.
      const error = new PaymentError("CANCELLED", "the terminal stopped before the signature");
      await journal.finish(entry, reportNothingDone(entry, error));
    }
  }

  /** @param conversation with the reader that is to show the result, while it is there. */
  settle(entry: SignedEntry, conversation?: ReaderConversation): OpenPayment {
    const settlement = new Settlement({ ...this.#options, entry });
    let reader = conversation;
    const open = {
      settlement,
      get known() {
        return settlement.known;
      },
      finished: settlement.settled.then((settled) => this.#finish(entry, settled, reader)),
      onRecorded: (handler: (recordNumber: string) => void) => settlement.onRecorded(handler),
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

  [Symbol.dispose](): void {
    for (const { settlement } of this.#open.values()) settlement[Symbol.dispose]();
  }

  async #finish(
    entry: SignedEntry,
    settled: Settled,
    conversation: ReaderConversation | undefined,
  ): Promise<PaymentReport> {
    const { journal, certificate, faults } = this.#options;
    if (settled.kind === "refused") forget(entry, conversation);
    const report =
      settled.kind === "refused"
        ? reportRefused(entry, settled)
        : reportResult(entry, settled.verified, {
            merchant: certificate.wire,
            shown: await this.#show(entry, settled.verified, conversation),
          });
    await faults?.at("terminal.settled");
    await journal.finish(entry, report);
    this.#open.delete(entry.paymentId);
    return report;
  }

  /** @returns what the reader shows after its own check; unspecified when it could not be asked. */
  async #show(
    entry: SignedEntry,
    { signed }: VerifiedResult,
    conversation: ReaderConversation | undefined,
  ): Promise<ShownOutcome> {
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

/** The reader still waits for the result of what it signed, and can check none that says less. */
function forget({ paymentId, traceparent }: SignedEntry, conversation?: ReaderConversation): void {
  if (conversation === undefined || conversation.isCut) return;
  const value = { paymentId: paymentIdToBytes(paymentId) };
  conversation.send({ case: "cancel", value }, traceparent);
}
