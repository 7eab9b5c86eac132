import type {
  Amounts,
  EntryMode,
  PaymentKind,
  Verification,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { CurrencyCode } from "../../payment/money.ts";
import type { TestAccount } from "../../payment/test-cards.ts";
import type { PinOutcome } from "../pins/pin-client.ts";

/** What a decision depends on, and nothing else. */
export interface DecisionFacts {
  /** YYYYMMDD in UTC. */
  readonly today: number;
  readonly kind: PaymentKind;
  readonly currency: CurrencyCode;
  readonly amounts: Pick<Amounts, "totalMinor" | "cashbackMinor">;
  readonly acceptPartial: boolean;
  readonly entryMode: EntryMode;
  readonly verification: Verification;
  /** YYMM, as it was read from the card. */
  readonly presentedExpirationDate: string;
  readonly pin: PinOutcome;
  /** Whether this terminal wants amounts to choose the response code. */
  readonly simulateByAmount: boolean;
  /** Refunds without a sale: what the merchant may make on a day, and has made, in minor units. */
  readonly refunds: { readonly mostMinor: bigint; readonly doneMinor: bigint };
  /** undefined: nobody knows the card. */
  readonly card: CardFacts | undefined;
}

export interface CardFacts {
  readonly status: TestAccount["status"];
  /** YYMM. */
  readonly expirationDate: string;
  readonly isPinRequiredOnTap: boolean;
  readonly isRefundable: boolean;
  readonly account: AccountFacts;
}

/** A cardholder's account. `null` is no limit. Amounts in minor units of its currency. */
export interface AccountFacts {
  readonly balanceMinor: bigint;
  /** How far the balance may go below zero. */
  readonly creditMinor: bigint;
  readonly dailyAmountMinorMax: bigint | null;
  readonly dailyCountMax: number | null;
  /** What was spent on `spentDay` (YYYYMMDD). */
  readonly spentDay: number;
  readonly spentMinor: bigint;
  readonly spentCount: number;
  /** Taps without a PIN since the last payment with one: their sum, and how many. */
  readonly tappedMinor: bigint;
  readonly tappedCount: number;
}

/** Facts about a card that somebody knows. */
export type KnownFacts = DecisionFacts & { readonly card: CardFacts };

/** A response code (ISO 8583 DE 39), and when it is the answer. */
export type Rule = readonly [code: string, applies: (facts: KnownFacts) => boolean];

/** The code of the first rule that applies. */
export function findCode(rules: readonly Rule[], facts: KnownFacts): string | undefined {
  return rules.find(([, applies]) => applies(facts))?.[0];
}
