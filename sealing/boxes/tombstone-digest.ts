import { create, toBinary } from "@bufbuild/protobuf";
import { PaymentContextSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { type MerchantId, type PaymentId, paymentIdToBytes } from "../../payment/identifiers.ts";
import { digest } from "../keys/dsse.ts";

/**
 * What a tombstone is bound to when no context was known: H of a context of version 1 that names
 * payment and merchant and nothing else. Without the merchant it could be had for the same payment
 * id under any other one.
 *
 * @returns 64 bytes
 */
export function tombstoneDigest(payment: {
  readonly merchantId: MerchantId;
  readonly paymentId: PaymentId;
}): Uint8Array {
  const context = create(PaymentContextSchema, {
    version: 1,
    paymentId: paymentIdToBytes(payment.paymentId),
    merchantId: payment.merchantId,
  });
  return digest("payment-context", toBinary(PaymentContextSchema, context));
}
