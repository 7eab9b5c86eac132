import type { Mesh } from "../../dev-mesh/mesh-processes.ts";
import { EntryMode, PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { CardRead } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import type { PaymentReport, PayResponse } from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { systemClock } from "../../mesh/clock.ts";
import { currencyFromLetters } from "../../payment/money.ts";
import { needsPin, TEST_PIN } from "../../payment/test-cards.ts";
import { type Confirmation, takePayment } from "../../till/take-payment.ts";

type Event = NonNullable<PayResponse["event"]>;

/** What a test wants to be otherwise; by default 12.50 EUR with the card "visa" and its PIN. */
export interface PayWishes {
  readonly card?: string;
  readonly entryMode?: EntryMode;
  readonly amountMinor?: bigint;
  readonly currency?: string;
  readonly kind?: PaymentKind;
  readonly paymentId?: string;
  readonly previousPaymentId?: string;
  readonly pin?: string;
  /** "terminal" by default; "none" confirms without one. */
  readonly pinEntry?: "terminal" | "reader" | "none";
  /** Cancels instead of confirming. */
  readonly isRefusedByCashier?: boolean;
  /** The reader is somebody else's, and takes a card by itself. */
  readonly isCardPresentedByReader?: boolean;
  readonly onEvent?: (event: Event) => void;
}

export interface Paid {
  readonly report: PaymentReport;
  readonly events: readonly Event[];
}

/** One payment at the mesh's terminal, with somebody who presents the card and types the PIN. */
export async function pay(mesh: Mesh, wishes: PayWishes = {}): Promise<Paid> {
  const events: Event[] = [];
  const report = await takePayment({
    stream: mesh.clients.openPayment(),
    order: {
      kind: wishes.kind ?? PaymentKind.SALE,
      amountMinor: wishes.amountMinor ?? 1_250n,
      currency: currencyFromLetters(wishes.currency ?? "EUR"),
      paymentId: wishes.paymentId,
      previousPaymentId: wishes.previousPaymentId,
    },
    people: {
      see: (event) => {
        events.push(event);
        wishes.onEvent?.(event);
      },
      presentCard: async () => {
        if (wishes.isCardPresentedByReader === true) return;
        const { card = "visa", entryMode = EntryMode.UNSPECIFIED } = wishes;
        await mesh.clients.readerControl.presentCard({ card, entryMode });
      },
      confirm: async (card) => confirmationOf(wishes, card),
      typePin: async () => {
        await mesh.clients.readerControl.typePin({ pin: wishes.pin ?? TEST_PIN });
      },
    },
    interrupted: new AbortController().signal,
    clock: systemClock,
  });
  if (wishes.isCardPresentedByReader !== true) await mesh.clients.readerControl.removeCard({});
  return { report, events };
}

type EventValues = { [One in Event as One["case"] & string]: One["value"] };

/** The value of the first event of that kind. */
export function eventOf<Case extends keyof EventValues>(
  paid: Paid,
  kind: Case,
): NonNullable<EventValues[Case]> {
  const event = paid.events.find((one) => one.case === kind);
  if (event?.value === undefined) {
    throw new Error(`expected an event ${kind}, got ${paid.events.map((one) => one.case)}`);
  }
  return event.value as NonNullable<EventValues[Case]>;
}

function confirmationOf(wishes: PayWishes, card: CardRead): Confirmation | undefined {
  if (wishes.isRefusedByCashier === true) return undefined;
  const pinEntry = wishes.pinEntry ?? (needsPin(card.verification) ? "terminal" : "none");
  switch (pinEntry) {
    case "terminal":
      return { pinSource: { case: "pin", value: wishes.pin ?? TEST_PIN } };
    case "reader":
      return { pinSource: { case: "pinOnReader", value: true } };
    case "none":
      return {};
  }
}
