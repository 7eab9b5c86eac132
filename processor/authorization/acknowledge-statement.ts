import type { PaymentId, PaymentKey } from "../../payment/identifiers.ts";
import type { HotDatabase } from "../../prisma/hot-database.ts";
import { RowParameters } from "../../prisma/row-parameters.ts";

export interface Acknowledged extends PaymentKey {
  readonly relayId: string;
  readonly revision: number;
}

interface AcknowledgedRow {
  readonly payment_id: PaymentId;
}

/** @returns the payments among them that have such a result here. */
export async function acknowledge(
  database: HotDatabase,
  acknowledged: readonly Acknowledged[],
): Promise<ReadonlySet<PaymentId>> {
  const values = acknowledgedParameters.values(acknowledged);
  const rows = await database.run<AcknowledgedRow>(ACKNOWLEDGE, values);
  return new Set(rows.map(({ payment_id }) => payment_id));
}

const acknowledgedParameters = new RowParameters<Acknowledged>({
  merchant_id: ["text", (row) => row.merchantId],
  payment_id: ["uuid", (row) => row.paymentId],
  relay_id: ["text", (row) => row.relayId],
  revision: ["int", (row) => row.revision],
});

/**
 * Ordered, as all that locks payments. Gives the payments that this relay's result is of, also
 * where it was acknowledged before.
 */
const ACKNOWLEDGE = {
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
      WHERE payment.revision >= item.revision
      ORDER BY merchant_id, payment_id FOR UPDATE OF payment
    ),
    updated AS (
      UPDATE processor.payment SET acknowledged_revision = locked.revision
      FROM locked
      WHERE payment.merchant_id = locked.merchant_id AND payment.payment_id = locked.payment_id
        AND payment.acknowledged_revision < locked.revision
    )
    SELECT payment_id FROM locked`,
};
