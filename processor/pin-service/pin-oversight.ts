import { PinOversightService } from "../../gen/cardlane/pin/v1/pin_pb.ts";
import { type MeshService, service } from "../../mesh/service.ts";
import { PaymentError } from "../../payment/errors.ts";
import { parsePaymentId } from "../../payment/identifiers.ts";
import type { PinStore } from "./pin-store.ts";
import type { TryJournal } from "./try-journal.ts";

interface PinOversightParts {
  readonly store: Pick<PinStore, "unlockCardOf">;
  readonly journal: Pick<TryJournal, "forget">;
}

/** cardlane.pin.v1.PinOversightService: tries that an operator gives back. */
export function pinOversightService({ store, journal }: PinOversightParts): MeshService {
  return service(PinOversightService, {
    async unlockCard({ paymentId }) {
      const cardToken = await store.unlockCardOf(parsePaymentId(paymentId));
      if (cardToken === undefined) {
        throw new PaymentError("PAYMENT_NOT_FOUND", "no PIN of this payment was judged here", {
          field: "payment_id",
        });
      }
      await journal.forget(cardToken);
      return {};
    },
  });
}
