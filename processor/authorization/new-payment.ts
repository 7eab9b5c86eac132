import { Outcome, PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { enumName } from "../../payment/enum-name.ts";
import { approvedStateOf } from "../../payment/states.ts";
import type { Signer } from "../../sealing/curves/curves.ts";
import type { Random } from "../../sealing/random.ts";
import { signResult } from "../payments/entry-answer.ts";
import type { HolderCheck, NewPayment, ProcessorState } from "../payments/payment-row.ts";
import type { DecidedPayment } from "./decide-batch.ts";
import type { IncomingPayment } from "./incoming-payment.ts";
import { isUnverifiedTap } from "./issuer-rules.ts";

/** DE 38: six characters; I, O, 0 and 1 are left out, because people read it aloud. */
const APPROVAL_CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const APPROVAL_CODE_CHARACTERS = 6;

/** The row of a payment that was decided, with its signed result. */
export function newPayment(
  decided: DecidedPayment,
  parts: {
    readonly retrievalReference: string;
    readonly nowMs: number;
    readonly signer: Signer;
    readonly random: Random;
  },
): NewPayment {
  const { payment, content, decision, posting } = decided;
  const { context } = payment;
  const approvedMinor = decision.kind === "approved" ? decision.approvedMinor : 0n;
  const row = {
    merchantId: context.merchantId,
    paymentId: context.paymentId,
    digest: payment.digest,
    state: stateOf(decision, context.kind),
    relayId: payment.relayId,
    recordNumber: payment.recordNumber,
    readerSerial: context.readerSerial,
    signing: content.signing,
    kind: enumName(PaymentKind, context.kind),
    currency: context.currency,
    amounts: context.amounts,
    approvedMinor,
    responseCode: decision.responseCode,
    settlementDate: decided.today,
    processorTimeMs: parts.nowMs,
    stored: signResult(resultOf(decided, parts), parts.nowMs, parts.signer),
    revision: 1,
    holderCheck: holderCheckOf(payment),
  };
  return { row, posting };
}

function holderCheckOf({ context, pin }: IncomingPayment): HolderCheck {
  if (pin === "VERIFIED") return "PIN";
  return isUnverifiedTap(context.wire) ? "TAP" : "";
}

function resultOf(
  { payment, content, decision, posting, today }: DecidedPayment,
  parts: { readonly retrievalReference: string; readonly nowMs: number; readonly random: Random },
) {
  const { context } = payment;
  const decidedPart =
    decision.kind === "approved"
      ? {
          approvalCode: newApprovalCode(parts.random),
          approvedAmountMinor: decision.approvedMinor,
          ...(decision.balanceMinor === undefined ? {} : { balanceMinor: decision.balanceMinor }),
        }
      : { simulatedBecause: decision.simulatedBecause };
  return {
    paymentId: context.wire.paymentId,
    merchantId: context.merchantId,
    revision: 1,
    recordNumber: payment.recordNumber,
    retrievalReference: parts.retrievalReference,
    contextDigest: payment.contextDigest,
    outcome: outcomeOf(decision),
    responseCode: decision.responseCode,
    currency: context.currency,
    lastFour: content.lastFour,
    scheme: content.scheme,
    settlementDate: posting === null ? 0 : today,
    readerSerial: context.readerSerial,
    ...decidedPart,
  };
}

function outcomeOf(decision: DecidedPayment["decision"]): Outcome {
  if (decision.kind === "declined") return Outcome.DECLINED;
  return decision.responseCode === "10" ? Outcome.PARTIALLY_APPROVED : Outcome.APPROVED;
}

function stateOf(decision: DecidedPayment["decision"], kind: PaymentKind): ProcessorState {
  if (decision.kind === "declined") return "DECLINED";
  return approvedStateOf(kind);
}

function newApprovalCode(random: Random): string {
  let code = "";
  for (const byte of random.bytes(APPROVAL_CODE_CHARACTERS)) {
    code += APPROVAL_CODE_ALPHABET.charAt(byte % APPROVAL_CODE_ALPHABET.length);
  }
  return code;
}
