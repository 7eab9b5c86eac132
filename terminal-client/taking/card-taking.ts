import type { MessageInitShape } from "@bufbuild/protobuf";
import type { SignedPayment } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  CancelledBy,
  type CardRead,
  type ConfirmSchema,
  type ReaderMessage,
} from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { enumName } from "../../payment/enum-name.ts";
import { errorOfFault, PaymentError } from "../../payment/errors.ts";
import { paymentIdToBytes } from "../../payment/identifiers.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import type { CheckedTerminalCertificate } from "../../sealing/keys/certificates.ts";
import type { JournalEntry } from "../journal/journal.ts";
import type { ReaderConversation } from "../reader/reader-link.ts";
import { checkReaderPayment } from "../reader/reader-payment-check.ts";
import type { PinSource, Till } from "../till/till.ts";

/** How often the till is asked for a PIN of one presentation that is missing or malformed. */
const CONFIRMATIONS_MAX = 3;

export interface TakenCard {
  readonly card: CardRead;
  readonly signed: SignedPayment;
}

/**
 * From the prepare command to the signed bytes: tells the reader, hears what happens there, asks
 * the till to confirm.
 *
 * @param entry with the trace context that goes to the reader.
 * @throws PaymentError with the reader's fault, CANCELLED, STREAM_CUT, or SIGNATURE_REJECTED when
 *   the reader signed something else than it was asked for. Nothing was submitted then.
 */
export async function takeCard(
  entry: JournalEntry,
  terminal: CheckedTerminalCertificate,
  conversation: ReaderConversation,
  till: Till,
): Promise<TakenCard> {
  const taking = new CardTaking(entry, terminal, conversation, till);
  const { cancelled } = till;
  const cancel = () => taking.cancel();
  cancelled.addEventListener("abort", cancel, { once: true });
  try {
    return await taking.run();
  } finally {
    cancelled.removeEventListener("abort", cancel);
    taking.stopAsking();
  }
}

type Heard = ReaderMessage["message"];

class CardTaking {
  readonly #entry: JournalEntry;
  readonly #terminal: CheckedTerminalCertificate;
  readonly #conversation: ReaderConversation;
  readonly #till: Till;
  readonly #paymentId: Uint8Array;
  #card: CardRead | undefined;
  #isCancelSent = false;
  #confirmationsAsked = 0;
  #asking: AbortController | undefined;
  /** Why the terminal stopped the payment, when it was not the till's wish. */
  #failure: unknown;

  constructor(
    entry: JournalEntry,
    terminal: CheckedTerminalCertificate,
    conversation: ReaderConversation,
    till: Till,
  ) {
    this.#entry = entry;
    this.#terminal = terminal;
    this.#conversation = conversation;
    this.#till = till;
    this.#paymentId = paymentIdToBytes(entry.paymentId);
  }

  async run(): Promise<TakenCard> {
    const { kind, amounts, currency, acceptPartial, previousPaymentId } = this.#entry.request;
    const paymentId = this.#paymentId;
    this.#say({
      case: "preparePayment",
      value: {
        paymentId,
        kind,
        amounts,
        currency,
        acceptPartial,
        ...(previousPaymentId && { previousPaymentId: paymentIdToBytes(previousPaymentId) }),
      },
    });
    if (this.#till.cancelled.aborted) this.cancel();
    for (;;) {
      const heard = await this.#conversation.next();
      const taken = isAbout(heard, paymentId) ? this.#hear(heard.message) : undefined;
      if (taken !== undefined) return taken;
    }
  }

  cancel(): void {
    if (this.#isCancelSent) return;
    this.#isCancelSent = true;
    this.stopAsking();
    this.#say({ case: "cancel", value: { paymentId: this.#paymentId } });
  }

  stopAsking(): void {
    this.#asking?.abort();
  }

  /** @returns the end, undefined while it goes on. */
  #hear(message: Heard): TakenCard | undefined {
    const till = this.#till;
    switch (message.case) {
      case "prepared":
        till.onEvent({ case: "prepared", value: message.value });
        return undefined;
      case "event":
        till.onEvent({ case: "readerEvent", value: message.value });
        return undefined;
      case "cardRead":
        this.#card = message.value;
        this.#ask(message.value);
        return undefined;
      case "paymentReady":
        return this.#check(message.value.payment);
      case "fault":
        return this.#hearFault(errorOfFault(message.value));
      case "cancelled":
        throw this.#failure ?? cancelledBy(message.value.cancelledBy);
      default:
        return undefined;
    }
  }

  #check(payment: SignedPayment | undefined): TakenCard | undefined {
    // The reader answers the Cancel that is on its way: what it signed in between is not sent.
    if (this.#isCancelSent) return undefined;
    const card = this.#card;
    if (card === undefined) throw new PaymentError("SIGNATURE_REJECTED", "no card was read");
    const reader = this.#conversation.peer.certificate;
    try {
      checkReaderPayment(payment, { ...this.#entry, card }, reader, this.#terminal);
    } catch (error) {
      this.#giveUp(error);
      return undefined;
    }
    return payment && { card, signed: payment };
  }

  /**
   * Only after a missing or wrong PIN does the reader still wait; with every other fault it is
   * over.
   */
  #hearFault(error: PaymentError): undefined {
    const card = this.#card;
    if (error.code !== "PIN_NOT_ENTERED" || card === undefined) throw error;
    if (this.#confirmationsAsked < CONFIRMATIONS_MAX) this.#ask(card);
    else this.#giveUp(error);
    return undefined;
  }

  /** Ends with `error` once the reader has stopped. */
  #giveUp(error: unknown): void {
    this.#failure = error;
    this.cancel();
  }

  #ask(card: CardRead): void {
    if (this.#isCancelSent) return;
    const till = this.#till;
    this.stopAsking();
    const asking = new AbortController();
    this.#asking = asking;
    this.#confirmationsAsked += 1;
    till.onEvent({ case: "confirmationNeeded", value: card });
    till.confirm(card, asking.signal).then(
      (source) => {
        if (!asking.signal.aborted) this.#confirm(source);
      },
      () => {
        if (!asking.signal.aborted) this.cancel();
      },
    );
  }

  #confirm(source: PinSource): void {
    const pinSource = pinSourceOf(source);
    const paymentId = this.#paymentId;
    this.#say({ case: "confirm", value: { paymentId, ...(pinSource && { pinSource }) } });
  }

  #say(message: Parameters<ReaderConversation["send"]>[0]): void {
    this.#conversation.send(message, this.#entry.traceparent);
  }
}

function cancelledBy(by: CancelledBy): PaymentError {
  const whose = enumName(CancelledBy, by).toLowerCase();
  return new PaymentError("CANCELLED", `the payment was stopped by: ${whose}`);
}

function pinSourceOf(source: PinSource): MessageInitShape<typeof ConfirmSchema>["pinSource"] {
  switch (source.kind) {
    case "none":
      return undefined;
    case "pin":
      return { case: "pin", value: source.pin.revealPin() };
    case "pin on reader":
      return { case: "pinOnReader", value: true };
  }
}

/** Whether it concerns this payment: a late word about an earlier one may still come. */
function isAbout({ message, faultPaymentId }: ReaderMessage, paymentId: Uint8Array): boolean {
  if (message.case === "fault") return equalBytes(faultPaymentId, paymentId);
  if (message.value === undefined || !("paymentId" in message.value)) return true;
  return equalBytes(message.value.paymentId, paymentId);
}
