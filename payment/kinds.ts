import { PaymentKind } from "../gen/cardlane/payment/v1/payment_pb.ts";

/** What every program goes by for a kind of payment. */
interface KindRules {
  /**
   * A reader signs what a card at it starts. A terminal signs the instructions about an earlier
   * payment. Nobody signs a kind that this program does not know.
   */
  readonly signedBy: "reader" | "terminal" | "nobody";
  /** Whether terminal, reader, relay and processor take it today: others are NOT_SUPPORTED. */
  readonly isTaken: boolean;
  /** Whether it was approved or kept without a network, and may be submitted long afterwards. */
  readonly isOffline: boolean;
  /** Whether its approval takes from what the cardholder may spend. */
  readonly spends: boolean;
  /** Message type indicator of its request in ISO 8583 (DE 0): 100 to 400. */
  readonly messageType: number;
}

/** The rules of a kind as it came off the wire: a number that no kind has is taken by nobody. */
export function kindRules(kind: PaymentKind): KindRules {
  return ROWS[kind] ?? NO_KIND;
}

const READER = { signedBy: "reader", isTaken: true, isOffline: false } as const;
const OFFLINE = { signedBy: "reader", isTaken: false, isOffline: true } as const;
const INSTRUCTION = { signedBy: "terminal", isTaken: false, isOffline: false } as const;
const NO_KIND: KindRules = {
  signedBy: "nobody",
  isTaken: false,
  isOffline: false,
  spends: false,
  messageType: 0,
};

const ROWS: Readonly<Record<PaymentKind, KindRules>> = {
  [PaymentKind.UNSPECIFIED]: NO_KIND,
  [PaymentKind.SALE]: { ...READER, spends: true, messageType: 200 },
  [PaymentKind.AUTHORIZATION]: { ...READER, spends: true, messageType: 100 },
  [PaymentKind.REFUND]: { ...READER, spends: false, messageType: 200 },
  [PaymentKind.BALANCE_ENQUIRY]: { ...READER, spends: false, messageType: 100 },
  [PaymentKind.OFFLINE_SALE]: { ...OFFLINE, spends: true, messageType: 220 },
  [PaymentKind.DEFERRED_SALE]: { ...OFFLINE, spends: true, messageType: 200 },
  [PaymentKind.INCREMENTAL_AUTHORIZATION]: { ...INSTRUCTION, spends: true, messageType: 100 },
  [PaymentKind.CAPTURE]: { ...INSTRUCTION, spends: false, messageType: 220 },
  [PaymentKind.VOID]: { ...INSTRUCTION, spends: false, messageType: 400 },
  [PaymentKind.TIP_ADJUSTMENT]: { ...INSTRUCTION, spends: true, messageType: 220 },
};
