import { Pan } from "../../payment/card.ts";
import { TEST_CARDS, testPinOf } from "../../payment/test-cards.ts";
import { cardTokenOf } from "../cards/card-store.ts";
import type { PinKeys } from "./pin-keys.ts";
import { pinReferenceOf } from "./pin-reference.ts";
import type { PinStore } from "./pin-store.ts";

/** Makes the published PINs of the test cards known. @param unlocks with all their tries. */
export async function putTestPins(store: PinStore, keys: PinKeys, unlocks = false): Promise<void> {
  const utf8 = new TextEncoder();
  const cards = TEST_CARDS.map((card) => {
    const cardToken = cardTokenOf(keys.cardToken, Pan.parse(card.number));
    const pin = utf8.encode(testPinOf(card));
    return { cardToken, pinReference: pinReferenceOf(keys.pinReference, cardToken, pin) };
  });
  await store.putCards(cards);
  if (unlocks) await store.unlock(cards.map(({ cardToken }) => cardToken));
}
