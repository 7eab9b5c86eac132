import { EntryMode, PinEntry, Verification } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type CancelledBy,
  type Confirm,
  type PreparePayment,
  ReaderEventKind,
} from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { Pin } from "../../payment/card.ts";
import { PaymentError } from "../../payment/errors.ts";
import { paymentIdFromBytes } from "../../payment/identifiers.ts";
import { CHIP_AND_PIN_WANTED, mayBeRepeated, WRONG_PIN } from "../../payment/response-codes.ts";
import { isStripe, needsPin, testPinOf, verificationFor } from "../../payment/test-cards.ts";
import { type CardReading, type PresentedCard, readTestCard } from "../card/card-reading.ts";
import {
  type AttachedTerminal,
  type DeviceState,
  idBytesOf,
  type Underway,
} from "./device-state.ts";
import { CANCELLED, promptFor } from "./display.ts";
import {
  hasSameTerms,
  type PreparedPayment,
  parsePreparePayment,
  totalOf,
} from "./prepared-payment.ts";
import { type PaymentSigner, signPayment, type TypedPin } from "./sign-payment.ts";

/** One presentation of a card serves one payment, and this many repeats after a wrong PIN. */
const PIN_RETRIES_MAX = 2;

/** The steps of a payment from the prepare command to the signature. */
export class CardSteps {
  readonly #state: DeviceState;
  readonly #signer: PaymentSigner;

  constructor(state: DeviceState, signer: PaymentSigner) {
    this.#state = state;
    this.#signer = signer;
  }

  prepare(wire: PreparePayment, terminal: AttachedTerminal, traceparent: string): void {
    const state = this.#state;
    state.require("prepare");
    const { manifest, store, clock } = this.#signer;
    const prepared = parsePreparePayment(wire);
    manifest.validAt(clock.nowMs());
    store.requireNotTaken(prepared.paymentId);
    const declinedWith = this.#declineToRepeat(prepared);
    const underway = { prepared, terminal: terminal.certificate, traceparent };
    state.span("reader.prepare", underway).end();
    const card = declinedWith === WRONG_PIN ? this.#cardForPinRetry() : undefined;
    state.lastCard = undefined;
    if (card === undefined) this.#awaitCard(underway, declinedWith === CHIP_AND_PIN_WANTED);
    else this.#awaitConfirm(underway, card);
  }

  /** @returns the card's masked number. */
  present(nameOrNumber: string, entryMode: EntryMode): string {
    const state = this.#state;
    const { current } = state;
    if (current.step !== "AWAITING_CARD") {
      throw new PaymentError("WRONG_STATE", "the reader awaits no card: prepare a payment first");
    }
    const reading = readTestCard(nameOrNumber, entryMode);
    if (current.isChipRequired && reading.entryMode !== EntryMode.CHIP) {
      state.tell(ReaderEventKind.PROMPT_INSERT_CARD);
      throw new PaymentError("CARD_NOT_READ", "this payment needs the chip inserted");
    }
    state.isCardInserted = reading.entryMode === EntryMode.CHIP;
    state.tell(EVENT_OF_ENTRY_MODE[reading.entryMode] ?? ReaderEventKind.UNSPECIFIED);
    const verification = verificationFor(reading, totalOf(current.underway.prepared));
    const card = { reading, verification, pinRetriesLeft: PIN_RETRIES_MAX };
    state.span("reader.read_card", current.underway).end();
    this.#sayCardRead(current.underway, card);
    return reading.pan.masked;
  }

  /** @returns whether a card was there. */
  remove(): boolean {
    const state = this.#state;
    const { current } = state;
    if (!state.isCardInserted) return false;
    state.isCardInserted = false;
    state.lastCard = undefined;
    if (current.step !== "AWAITING_CONFIRM" && current.step !== "AWAITING_PIN") {
      state.tell(ReaderEventKind.CARD_REMOVED);
      return true;
    }
    state.tell(ReaderEventKind.CARD_REMOVED_TOO_EARLY);
    const error = new PaymentError("CARD_REMOVED", "the card was taken away too early");
    state.fail(error, idBytesOf(current.underway));
    state.enter({ step: "IDLE" }, CANCELLED);
    return true;
  }

  async confirm({ paymentId, pinSource }: Confirm): Promise<void> {
    const state = this.#state;
    state.require("confirm");
    const underway = state.requireUnderway(paymentId);
    const { current } = state;
    if (current.step !== "AWAITING_CONFIRM") return;
    if (!needsPin(current.card.verification)) return this.#sign(underway, current.card);
    if (pinSource.case === "pin") {
      const digits = Pin.parse(pinSource.value);
      return this.#sign(underway, current.card, { digits, entry: PinEntry.TERMINAL });
    }
    if (pinSource.case === "pinOnReader" && pinSource.value) {
      const merchantName = underway.terminal.wire.merchantName;
      const display = promptFor(underway.prepared, merchantName, "Enter PIN");
      state.enter({ step: "AWAITING_PIN", underway, card: current.card }, display);
      state.tell(ReaderEventKind.PIN_ENTRY_STARTED);
      return;
    }
    throw new PaymentError("PIN_NOT_ENTERED", "this card asks for a PIN", { field: "pin_source" });
  }

  async typePin(text: string): Promise<void> {
    const { current } = this.#state;
    this.#state.require("typePin");
    if (current.step !== "AWAITING_PIN") return;
    const pin = { digits: Pin.parse(text), entry: PinEntry.READER };
    await this.#sign(current.underway, current.card, pin);
  }

  /** Ends a payment that was not signed. */
  stop(cancelledBy: CancelledBy, underway: Underway): void {
    const paymentId = idBytesOf(underway);
    this.#state.say({ case: "cancelled", value: { paymentId, cancelledBy } });
    this.#state.enter({ step: "IDLE" }, CANCELLED);
  }

  #awaitCard(underway: Underway, isChipRequired: boolean): void {
    const prompt = isChipRequired ? "Insert card" : "Insert, tap or swipe card";
    const { merchantName } = underway.terminal.wire;
    const display = promptFor(underway.prepared, merchantName, prompt);
    this.#state.enter({ step: "AWAITING_CARD", underway, isChipRequired }, display);
    this.#sayPrepared(underway);
    this.#state.tell(
      isChipRequired ? ReaderEventKind.PROMPT_INSERT_CARD : ReaderEventKind.PROMPT_PRESENT_CARD,
    );
  }

  #awaitConfirm(underway: Underway, card: PresentedCard): void {
    const { merchantName } = underway.terminal.wire;
    this.#state.show(promptFor(underway.prepared, merchantName, "Please wait"));
    this.#sayPrepared(underway);
    this.#sayCardRead(underway, card);
  }

  #sayPrepared(underway: Underway): void {
    const displayLines = [...this.#state.display.lines];
    this.#state.say({ case: "prepared", value: { paymentId: idBytesOf(underway), displayLines } });
  }

  #sayCardRead(underway: Underway, card: PresentedCard): void {
    const { merchantName } = underway.terminal.wire;
    const display = promptFor(underway.prepared, merchantName, "Please wait");
    this.#state.enter({ step: "AWAITING_CONFIRM", underway, card }, display);
    const { pan, entryMode } = card.reading;
    this.#state.say({
      case: "cardRead",
      value: {
        paymentId: idBytesOf(underway),
        maskedPan: pan.masked,
        scheme: pan.scheme,
        entryMode,
        verification: card.verification,
      },
    });
  }

  async #sign(underway: Underway, card: PresentedCard, pin?: TypedPin): Promise<void> {
    const state = this.#state;
    const isOnline = card.verification === Verification.ONLINE_PIN;
    if (pin !== undefined && !isOnline) requireChipTakesPin(card.reading, pin.digits);
    const span = state.span("reader.sign", underway);
    try {
      const sealed = isOnline ? pin : undefined;
      const payment = await signPayment(this.#signer, underway, card, sealed);
      const { merchantName } = underway.terminal.wire;
      const display = promptFor(underway.prepared, merchantName, "Please wait");
      state.enter({ step: "AWAITING_RESULT", underway, card }, display);
      state.say({ case: "paymentReady", value: { payment } });
      span.end();
    } catch (error) {
      // Nothing has left the reader. What was taken for this payment (counter, PIN key) is wasted.
      span.end(error instanceof PaymentError ? error.code : "INTERNAL");
      state.fail(error, idBytesOf(underway));
      state.enter({ step: "IDLE" }, CANCELLED);
    }
  }

  /** The response code of the payment that this one repeats; undefined when it repeats none. */
  #declineToRepeat(prepared: PreparedPayment): string | undefined {
    const { previousPaymentId } = prepared;
    if (previousPaymentId === undefined) return undefined;
    const last = this.#state.lastAnswer;
    const code = last?.result.responseCode;
    const isRepeatable = code !== undefined && mayBeRepeated(code);
    const isSame =
      last !== undefined &&
      paymentIdFromBytes(last.result.paymentId) === previousPaymentId &&
      hasSameTerms(prepared, { ...last.payment.context, acceptPartial: prepared.acceptPartial });
    if (!isSame || !isRepeatable) {
      const expected = "the payment that this reader showed last as declined with 55 or 1A";
      throw new PaymentError("WRONG_STATE", `previous_payment_id must be ${expected}`, {
        field: "previous_payment_id",
      });
    }
    return code;
  }

  /** The card of the last payment, while it is still there and may be used once more. */
  #cardForPinRetry(): PresentedCard | undefined {
    const { lastCard, isCardInserted } = this.#state;
    if (lastCard === undefined || lastCard.pinRetriesLeft === 0) return undefined;
    if (lastCard.reading.entryMode === EntryMode.CHIP && !isCardInserted) return undefined;
    return { ...lastCard, pinRetriesLeft: lastCard.pinRetriesLeft - 1 };
  }
}

/** The simulated chip compares the PIN itself (offline PIN). */
function requireChipTakesPin({ card, entryMode }: CardReading, pin: Pin): void {
  if (!isStripe(entryMode) && pin.revealPin() === testPinOf(card)) return;
  throw new PaymentError("PIN_NOT_ENTERED", "the card refused the PIN", { field: "pin_source" });
}

const EVENT_OF_ENTRY_MODE: Readonly<Record<EntryMode, ReaderEventKind>> = {
  [EntryMode.UNSPECIFIED]: ReaderEventKind.UNSPECIFIED,
  [EntryMode.CHIP]: ReaderEventKind.CARD_INSERTED,
  [EntryMode.CONTACTLESS]: ReaderEventKind.CARD_TAPPED,
  [EntryMode.MAGSTRIPE]: ReaderEventKind.CARD_SWIPED,
  [EntryMode.FALLBACK]: ReaderEventKind.CARD_SWIPED,
};
