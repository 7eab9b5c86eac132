import type { MeshClients } from "../../dev-mesh/clients.ts";
import { EntryMode, Outcome, PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { Clock } from "../../mesh/clock.ts";
import { currencyFromLetters } from "../../payment/money.ts";
import { takePayment } from "../../till/take-payment.ts";

/** What a till saw of one payment, milliseconds from when the card was held to the reader. */
export interface TillTimes {
  readonly paymentId: string;
  /** The terminal asks for the confirmation: the card was read. */
  readonly cardReadMs: number;
  /** The terminal has the signed payment and submits it. */
  readonly submittedMs: number;
  /** The reader shows the result. */
  readonly finishedMs: number;
}

/**
 * A card without a PIN, so that no time of a person is in it. By its stripe: after five taps in a
 * row the issuer wants a PIN.
 */
const CARD = { card: "visa", entryMode: EntryMode.MAGSTRIPE };
const AMOUNT_MINOR = 1_250n;

/**
 * One payment through reader, terminal, relay and processor, by people who do not hesitate.
 *
 * @throws Error when it is not approved.
 */
export async function payOnce(clients: MeshClients, clock: Clock): Promise<TillTimes> {
  let presentedAtMs = Number.NaN;
  const times = { cardReadMs: Number.NaN, submittedMs: Number.NaN };
  const sinceCard = () => clock.monotonicMs() - presentedAtMs;
  const currency = currencyFromLetters("EUR");
  const report = await takePayment({
    stream: clients.openPayment(),
    order: { kind: PaymentKind.SALE, amountMinor: AMOUNT_MINOR, currency },
    people: {
      see(event) {
        if (event.case === "confirmationNeeded") times.cardReadMs = sinceCard();
        if (event.case === "submitted") times.submittedMs = sinceCard();
      },
      async presentCard() {
        presentedAtMs = clock.monotonicMs();
        await clients.readerControl.presentCard(CARD);
      },
      confirm: async () => ({}),
      typePin: () => Promise.reject(new Error("bug: a stripe asks for no PIN")),
    },
    interrupted: new AbortController().signal,
    clock,
  });
  const finishedMs = sinceCard();
  if (report.result?.outcome !== Outcome.APPROVED) {
    throw new Error(`not approved: ${report.fault?.code ?? report.result?.responseCode}`);
  }
  return { paymentId: report.paymentId, ...times, finishedMs };
}
