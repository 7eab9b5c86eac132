import { ReaderControlService } from "../gen/cardlane/reader/v1/reader_pb.ts";
import { type MeshService, service } from "../mesh/service.ts";
import { Pan } from "../payment/card.ts";
import { needsPin, TEST_CARDS, testPinOf } from "../payment/test-cards.ts";
import type { ReaderDevice } from "./reader-device.ts";

/**
 * Hands and cards for the simulated reader: whoever can call this can pay, so only in development.
 */
export function readerControlService(device: ReaderDevice): MeshService {
  return service(ReaderControlService, {
    async presentCard({ card, entryMode }) {
      return { maskedPan: await device.presentCard(card, entryMode) };
    },
    async removeCard() {
      return { removed: await device.removeCard() };
    },
    async typePin({ pin }) {
      await device.typePin(pin);
      return {};
    },
    async pressCancel() {
      await device.pressCancel();
      return {};
    },
    listCards: () => ({ cards: LISTED_CARDS }),
    getDisplay: () => ({
      displayLines: [...device.display.lines],
      serial: device.serial,
      shown: device.display.shown,
    }),
  });
}

const LISTED_CARDS = TEST_CARDS.map((card) => ({
  name: card.name,
  number: card.number,
  scheme: Pan.parse(card.number).scheme,
  provokes: card.provokes,
  pin: needsPin(card.verification) ? testPinOf(card) : "",
  expirationDate: card.expirationDate,
}));
