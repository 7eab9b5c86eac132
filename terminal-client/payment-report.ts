import { create } from "@bufbuild/protobuf";
import type { TerminalCertificate } from "../gen/cardlane/keys/v1/keys_pb.ts";
import {
  Certainty,
  NextStep,
  Outcome,
  PaymentState,
  type Result,
  type SignedResult,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import type { ShownOutcome } from "../gen/cardlane/reader/v1/reader_pb.ts";
import {
  type PaymentReport,
  PaymentReportSchema,
  type Receipt,
  ReceiptSchema,
} from "../gen/cardlane/terminal/v1/terminal_pb.ts";
import { faultOf } from "../payment/payment-fault.ts";
import { nextStepOf, stateOfOutcome } from "../payment/states.ts";
import type { JournalEntry } from "./journal.ts";
import type { Settled } from "./settlement.ts";

/** A result whose signature and contents the terminal has verified. */
export interface VerifiedResult {
  readonly result: Result;
  readonly signed: SignedResult;
}

/** The end of a payment that nothing was signed or submitted for: surely nothing was charged. */
export function reportNothingDone(entry: JournalEntry, error: unknown): PaymentReport {
  const fault = faultOf(error);
  // A repeat with this id would only report this again: what can be done is a new payment.
  const nextStep = fault.nextStep === NextStep.RETRY_SAME_ID ? NextStep.NONE : fault.nextStep;
  return create(PaymentReportSchema, {
    ...head(entry),
    certainty: Certainty.FINAL,
    nextStep,
    fault: { ...fault, certainty: Certainty.FINAL, nextStep },
  });
}

/** What is known while the end is not: never shown as a success or as a decline. */
export function reportUnknown(entry: JournalEntry, known: KnownSoFar): PaymentReport {
  const { nextStep } = known;
  const certainty = Certainty.UNKNOWN;
  const fault = known.error === undefined ? undefined : faultOf(known.error);
  return create(PaymentReportSchema, {
    ...head(entry),
    recordNumber: known.recordNumber,
    certainty,
    nextStep,
    state: known.state,
    // Whatever is sure about its kind: about this payment nothing is yet.
    ...(fault && { fault: { ...fault, certainty, nextStep } }),
  });
}

/** What the relay has said so far. */
export interface KnownSoFar {
  /** Empty when it has not answered. */
  readonly recordNumber: string;
  readonly state: PaymentState;
  readonly nextStep: NextStep;
  /** Why there is no answer, if that is known. */
  readonly error?: unknown;
}

export const NOTHING_KNOWN: KnownSoFar = {
  recordNumber: "",
  state: PaymentState.UNSPECIFIED,
  nextStep: NextStep.RETRY_SAME_ID,
};

/** A refusal by the relay, after the processor's word that the payment can not happen any more. */
export function reportRefused(
  entry: JournalEntry,
  refused: Extract<Settled, { readonly kind: "refused" }>,
): PaymentReport {
  const { error, verified } = refused;
  const { nextStep } = error.row;
  const certainty = Certainty.FINAL;
  return create(PaymentReportSchema, {
    ...head(entry),
    recordNumber: verified?.result.recordNumber ?? "",
    certainty,
    nextStep,
    // Without a tombstone the record is another payment's.
    state: verified === undefined ? PaymentState.UNSPECIFIED : PaymentState.REVERSED,
    ...(verified && { result: verified.result, signedResult: verified.signed }),
    fault: { ...faultOf(error), certainty, nextStep },
  });
}

/** The end that the processor signed. */
export function reportResult(
  entry: JournalEntry,
  verified: VerifiedResult,
  end: { readonly merchant: TerminalCertificate; readonly shown: ShownOutcome },
): PaymentReport {
  const { result, signed } = verified;
  const state = stateOfOutcome(result.outcome, entry.request.kind);
  return create(PaymentReportSchema, {
    ...head(entry),
    recordNumber: result.recordNumber,
    certainty: Certainty.FINAL,
    nextStep: nextStepOf(state, result.responseCode),
    state: PaymentState[state],
    result,
    signedResult: signed,
    shown: end.shown,
    receipt: receiptOf(entry, result, end.merchant),
  });
}

function receiptOf(entry: JournalEntry, result: Result, merchant: TerminalCertificate): Receipt {
  const isApproved =
    result.outcome === Outcome.APPROVED || result.outcome === Outcome.PARTIALLY_APPROVED;
  const { request, card } = entry;
  return create(ReceiptSchema, {
    merchantName: merchant.merchantName,
    merchantId: merchant.merchantId,
    terminalId: merchant.terminalId,
    kind: request.kind,
    amountMinor: isApproved ? result.approvedAmountMinor : request.amounts.totalMinor,
    currency: request.currency,
    // A receipt leaves the shop, so it shows four digits where the screen may show ten.
    maskedPan: lastFourOnly(card?.maskedPan ?? ""),
    scheme: card?.scheme ?? result.scheme,
    ...(card && { entryMode: card.entryMode, verification: card.verification }),
    recordNumber: result.recordNumber,
    approvalCode: result.approvalCode,
    responseCode: result.responseCode,
    retrievalReference: result.retrievalReference,
    timeMs: result.processorTimeMs,
    outcome: result.outcome,
  });
}

/** "424242******4242" → "************4242"; anything of another shape shows nothing. */
function lastFourOnly(maskedPan: string): string {
  if (!/^\d{6}\*+\d{4}$/.test(maskedPan)) return "";
  return maskedPan.slice(-4).padStart(maskedPan.length, "*");
}

function head(entry: JournalEntry) {
  return { paymentId: entry.paymentId, traceId: entry.traceparent.slice(3, 35) };
}
