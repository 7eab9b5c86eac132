import type { Verification } from "../gen/cardlane/payment/v1/payment_pb.ts";
import type { CardReading } from "./card-reading.ts";

/** A card that was read, and how its holder is to be checked. */
export interface PresentedCard {
  readonly reading: CardReading;
  readonly verification: Verification;
  /** How often this one presentation may still serve a payment that repeats a wrong PIN. */
  readonly pinRetriesLeft: number;
}
