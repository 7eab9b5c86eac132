import { Code, ConnectError } from "@connectrpc/connect";
import { confirm, password, select } from "@inquirer/prompts";
import type { MeshClients } from "../../dev-mesh/clients.ts";
import { EntryMode } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { CardRead } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import type { PayResponse } from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { printable } from "../../mesh/printable.ts";
import { Pin } from "../../payment/card.ts";
import { formatMoney } from "../../payment/money.ts";
import { needsPin, TEST_CARDS, type TestCard } from "../../payment/test-cards.ts";
import type { Confirmation, Order, People } from "../../till/take-payment.ts";
import { CommandError } from "../command-end.ts";
import type { CommandIo } from "../io/command-io.ts";
import { groupedRecordNumber } from "../print/receipt.ts";
import { entryModeWord, verificationWord } from "../print/words.ts";
import type { PayArguments } from "./pay-arguments.ts";

/**
 * The cashier and the holder of the card: acts as the arguments say, asks the person at the
 * keyboard for what they do not say, and tells what happens.
 */
export class Till implements People {
  readonly #io: CommandIo;
  readonly #clients: MeshClients;
  readonly #order: Order;
  readonly #card: TestCard;
  readonly #entryMode: EntryMode;
  readonly #isPinOnReader: boolean;
  readonly #isConfirmed: boolean;
  #pin: Pin | undefined;

  constructor(options: {
    readonly io: CommandIo;
    readonly clients: MeshClients;
    readonly payment: PayArguments & { readonly card: TestCard };
  }) {
    const { payment } = options;
    this.#io = options.io;
    this.#clients = options.clients;
    this.#order = payment.order;
    this.#card = payment.card;
    this.#entryMode = payment.entryMode;
    this.#isPinOnReader = payment.isPinOnReader;
    this.#isConfirmed = payment.isConfirmed;
    this.#pin = payment.pin;
  }

  see(event: PayResponse["event"]): void {
    switch (event.case) {
      case "started":
        this.#tell("payment", `${event.value.paymentId} at reader ${event.value.readerSerial}`);
        break;
      case "prepared":
        this.#tell("reader shows", event.value.displayLines.join(" · "));
        break;
      case "confirmationNeeded":
        this.#tell("card read", describeCard(event.value));
        break;
      case "submitted":
        this.#tell("submitted", "to the relay");
        break;
      case "recorded":
        this.#tell("record number", groupedRecordNumber(event.value.recordNumber));
        break;
    }
  }

  async presentCard(isChipWanted: boolean): Promise<void> {
    const isFree = this.#entryMode === EntryMode.UNSPECIFIED;
    const entryMode = isFree && isChipWanted ? EntryMode.CHIP : this.#entryMode;
    const present = this.#clients.readerControl.presentCard({ card: this.#card.name, entryMode });
    await this.#orByHand(present, "hold a card to it");
  }

  async confirm(card: CardRead, over: AbortSignal): Promise<Confirmation | undefined> {
    if (!this.#isConfirmed && !(await this.#isAgreed(card, over))) return undefined;
    if (!needsPin(card.verification)) return {};
    if (this.#isPinOnReader) return { pinSource: { case: "pinOnReader", value: true } };
    const pin = await this.#askPin(over);
    return { pinSource: { case: "pin", value: pin.revealPin() } };
  }

  async typePin(over: AbortSignal): Promise<void> {
    const pin = await this.#askPin(over);
    const type = this.#clients.readerControl.typePin({ pin: pin.revealPin() });
    await this.#orByHand(type, "type the PIN on it");
  }

  /** Only our simulated reader can be told what hands do; at another one they have to. */
  async #orByHand(work: Promise<unknown>, wanted: string): Promise<void> {
    const error = await work.then(() => undefined, ConnectError.from);
    if (error === undefined) return;
    if (error.code !== Code.Unimplemented) throw error;
    this.#tell("at the reader", wanted);
  }

  #isAgreed(card: CardRead, over: AbortSignal): Promise<boolean> {
    const { amountMinor, currency } = this.#order;
    const money = formatMoney({ amountMinor, currency });
    const message = `${money} with ${printable(`${card.scheme} ${card.maskedPan}`)}?`;
    return confirm({ message }, { signal: this.#until(over) });
  }

  async #askPin(over: AbortSignal): Promise<Pin> {
    if (this.#pin !== undefined) return this.#pin;
    if (!this.#io.isInteractive) {
      throw new CommandError(
        "USAGE",
        "this card asks for a PIN and there is no terminal to ask at: give --pin",
      );
    }
    const typed = await password(
      { message: "PIN", mask: "*", toggleMask: false, validate: isPin },
      { signal: this.#until(over) },
    );
    return Pin.parse(typed);
  }

  #until(over: AbortSignal): AbortSignal {
    return AbortSignal.any([this.#io.interrupted, over]);
  }

  #tell(what: string, facts: string): void {
    this.#io.tell(`  ${this.#io.paint("dim", what.padEnd(14))} ${printable(facts)}`);
  }
}

/** Asks which card to present. */
export function chooseCard(io: CommandIo): Promise<TestCard> {
  if (!io.isInteractive) {
    throw new CommandError("USAGE", "which card? give --card, for example --card visa");
  }
  const choices = TEST_CARDS.map((card) => ({
    value: card,
    name: `${card.name.padEnd(34)} ${card.provokes}`,
    short: card.name,
  }));
  return select({ message: "Card", choices, pageSize: 12 }, { signal: io.interrupted });
}

function describeCard(card: CardRead): string {
  const verification = verificationWord(card.verification);
  return `${card.scheme} ${card.maskedPan}, ${entryModeWord(card.entryMode)}, ${verification}`;
}

function isPin(text: string): true | string {
  return /^\d{4,12}$/.test(text) || "4 to 12 digits";
}
