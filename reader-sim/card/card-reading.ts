import { create, toBinary } from "@bufbuild/protobuf";
import {
  CardDataSchema,
  EntryMode,
  type Verification,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { Pan } from "../../payment/card.ts";
import { PaymentError } from "../../payment/errors.ts";
import { findTestCard, isStripe, type TestCard } from "../../payment/test-cards.ts";
import { sha512 } from "../../sealing/curves/hash.ts";
import { type ChipDataFacts, chipData } from "./chip-data.ts";

/** A test card as the simulated reader got it: what it is and how it came. */
export interface CardReading {
  readonly card: TestCard;
  readonly pan: Pan;
  readonly entryMode: EntryMode;
}

/** International card with a chip, normal authorization, no restrictions (ISO/IEC 7813). */
const SERVICE_CODE = "201";

/**
 * @param nameOrNumber of a published test card. No other number is taken: nobody should hold a real
 *   card to a simulator.
 * @throws PaymentError MALFORMED_REQUEST.
 */
export function readTestCard(nameOrNumber: string, entryMode: EntryMode): CardReading {
  const card = findTestCard(nameOrNumber);
  if (card === undefined) {
    throw new PaymentError("MALFORMED_REQUEST", "card must be the name or number of a test card", {
      field: "card",
    });
  }
  const howPresented = entryMode === EntryMode.UNSPECIFIED ? card.entryMode : entryMode;
  return { card, pan: Pan.parse(card.number), entryMode: howPresented };
}

/** Serialised CardData, to be sealed at once and then wiped by the caller. */
export function cardDataOf(reading: CardReading, facts: ChipDataFacts): Uint8Array {
  const { card, pan, entryMode } = reading;
  const digits = pan.revealPan();
  const { expirationDate } = card;
  const carried = isStripe(entryMode)
    ? { track2: track2Of(digits, expirationDate), serviceCode: SERVICE_CODE }
    : { cardSequenceNumber: 1, emvData: chipData(facts) };
  return toBinary(
    CardDataSchema,
    create(CardDataSchema, { pan: digits, expirationDate, ...carried }),
  );
}

/**
 * Track 2 (ISO/IEC 7813): number, "=", YYMM, service code, then discretionary data: PIN key index
 * 0, PIN verification value 0000, a CVV of three digits that only this simulator knows how to make.
 */
export function track2Of(digits: string, expirationDate: string): string {
  const [high = 0, low = 0] = sha512(new TextEncoder().encode(`cvv ${digits}`));
  const cvv = String((high * 256 + low) % 1_000).padStart(3, "0");
  return `${digits}=${expirationDate}${SERVICE_CODE}00000${cvv}`;
}

/** A card that was read, and how its holder is to be checked. */
export interface PresentedCard {
  readonly reading: CardReading;
  readonly verification: Verification;
  /** How often this one presentation may still serve a payment that repeats a wrong PIN. */
  readonly pinRetriesLeft: number;
}
