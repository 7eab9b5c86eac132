import type { PaymentKey } from "../../payment/identifiers.ts";
import { RowParameters } from "../../prisma/row-parameters.ts";

export interface Acknowledged extends PaymentKey {
  readonly relayId: string;
  readonly revision: number;
}

export const acknowledgedParameters = new RowParameters<Acknowledged>({
  merchant_id: ["text", (row) => row.merchantId],
  payment_id: ["uuid", (row) => row.paymentId],
  relay_id: ["text", (row) => row.relayId],
  revision: ["int", (row) => row.revision],
});

// Ordered, as all that locks payments.
export const ACKNOWLEDGE = {
  name: "payment.acknowledge",
  text: `
    WITH item AS (
      SELECT merchant_id, payment_id, relay_id, max(revision) AS revision
      FROM ${acknowledgedParameters.from("given")}
      GROUP BY merchant_id, payment_id, relay_id
    ),
    locked AS (
      SELECT merchant_id, payment_id, item.revision
      FROM processor.payment JOIN item USING (merchant_id, payment_id, relay_id)
      ORDER BY merchant_id, payment_id FOR UPDATE OF payment
    )
    UPDATE processor.payment SET acknowledged_revision = locked.revision
    FROM locked
    WHERE payment.merchant_id = locked.merchant_id AND payment.payment_id = locked.payment_id
      AND payment.acknowledged_revision < locked.revision
      AND payment.revision >= locked.revision`,
};
