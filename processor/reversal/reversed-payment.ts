import { create, fromBinary } from "@bufbuild/protobuf";
import {
  AmountsSchema,
  Outcome,
  PaymentKind,
  ResultSchema,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { enumName } from "../../payment/enum-name.ts";
import { paymentIdToBytes } from "../../payment/identifiers.ts";
import { tombstoneDigest } from "../../sealing/boxes/signed-result.ts";
import type { Signer } from "../../sealing/curves/curves.ts";
import { digest } from "../../sealing/keys/dsse.ts";
import { signResult } from "../payments/entry-answer.ts";
import type { PaymentRow } from "../payments/payment-row.ts";
import type { ReversedPayment, ReversibleFacts } from "./reversal-store.ts";
import type { ReverseOrder } from "./reverse-order.ts";

/** Response received too late (DE 39): what a terminal shows of a payment that was undone. */
const REVERSED_CODE = "68";

const NO_AMOUNTS = create(AmountsSchema);

interface Moment {
  readonly nowMs: number;
  /** YYYYMMDD. */
  readonly settlementDate: number;
  readonly signer: Signer;
}

/** The row that keeps a payment which never came from ever being approved. */
export function tombstone(
  order: ReverseOrder,
  moment: Moment & { readonly retrievalReference: string },
): PaymentRow {
  const { original } = order;
  const currency = original?.context.currency ?? 0;
  const readerSerial = original?.context.readerSerial ?? "";
  const stored = signResult(
    {
      paymentId: paymentIdToBytes(order.paymentId),
      merchantId: order.merchantId,
      revision: 1,
      recordNumber: order.recordNumber,
      retrievalReference: moment.retrievalReference,
      contextDigest:
        original === undefined
          ? tombstoneDigest(order)
          : digest("payment-context", original.contextBytes),
      outcome: Outcome.REVERSED,
      responseCode: REVERSED_CODE,
      currency,
      readerSerial,
    },
    moment.nowMs,
    moment.signer,
  );
  return {
    merchantId: order.merchantId,
    paymentId: order.paymentId,
    digest: order.digest,
    state: "TOMBSTONE",
    relayId: order.relayId,
    recordNumber: order.recordNumber,
    readerSerial,
    signing: null,
    kind: enumName(PaymentKind, original?.context.kind ?? PaymentKind.UNSPECIFIED),
    currency,
    amounts: original?.context.amounts ?? NO_AMOUNTS,
    approvedMinor: 0n,
    responseCode: REVERSED_CODE,
    settlementDate: moment.settlementDate,
    processorTimeMs: moment.nowMs,
    stored,
    revision: 1,
    holderCheck: "",
  };
}

/** An approved payment's next and last revision. */
export function reversedPayment(
  { merchantId, paymentId }: ReverseOrder,
  { stored, revision }: ReversibleFacts,
  moment: Moment,
): ReversedPayment {
  const approved = fromBinary(ResultSchema, stored.result);
  const next = {
    ...approved,
    merchantId,
    revision: revision + 1,
    outcome: Outcome.REVERSED,
    responseCode: REVERSED_CODE,
    approvalCode: "",
    approvedAmountMinor: 0n,
    settlementDate: approved.settlementDate === 0 ? 0 : moment.settlementDate,
  };
  return {
    merchantId,
    paymentId,
    revision: revision + 1,
    responseCode: REVERSED_CODE,
    settlementDate: moment.settlementDate,
    processorTimeMs: moment.nowMs,
    stored: signResult(next, moment.nowMs, moment.signer),
  };
}
