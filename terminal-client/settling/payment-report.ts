import { create } from "@bufbuild/protobuf";
import type { TerminalCertificate } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import {
  Certainty,
  NextStep,
  Outcome,
  type PaymentFault,
  PaymentKind,
  PaymentState,
  type Result,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { ShownOutcome } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import {
  type PaymentReport,
  PaymentReportSchema,
  type Receipt,
  ReceiptSchema,
} from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { faultOf, PaymentError } from "../../payment/errors.ts";
import { nextStepOf, stateOfOutcome } from "../../payment/states.ts";
import type { JournalEntry } from "../journal/journal.ts";
import { duplicateDiffers, type PaymentRequest } from "../payment-request.ts";
import type { Settled } from "./processor-word.ts";

/** What every report of a payment begins with. */
type PaymentHead = Pick<JournalEntry, "paymentId" | "traceparent">;

/** What is known while the end is not: never shown as a success or as a decline. */
export function reportUnknown(payment: PaymentHead, known: KnownSoFar): PaymentReport {
  const { nextStep } = known;
  const certainty = Certainty.UNKNOWN;
  const fault = known.error === undefined ? undefined : faultOf(known.error);
  return create(PaymentReportSchema, {
    ...head(payment),
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

/** A payment that the journal has of another merchant's terminal: a person has to look. */
export function reportOthers(entry: JournalEntry): PaymentReport {
  const message = "another merchant's terminal began this payment; ask that merchant's terminal";
  return reportUnknown(entry, {
    ...NOTHING_KNOWN,
    error: new PaymentError("WRONG_STATE", message),
  });
}

/** A refusal, or an end before anything was submitted, with the processor's word that it is one. */
export function reportRefused(
  entry: JournalEntry,
  refused: Extract<Settled, { readonly kind: "refused" }>,
): PaymentReport {
  const { error, verified } = refused;
  const fault = finalFaultOf(error);
  return create(PaymentReportSchema, {
    ...head(entry),
    recordNumber: verified?.result.recordNumber ?? "",
    certainty: Certainty.FINAL,
    nextStep: fault.nextStep,
    // Without a tombstone the record is another payment's.
    state: verified === undefined ? PaymentState.UNSPECIFIED : PaymentState.REVERSED,
    ...(verified && { result: verified.result, signedResult: verified.signed }),
    fault,
  });
}

/** A repeat with a payment's id would only report its end again: what can be done is a new one. */
function finalFaultOf(error: PaymentError): PaymentFault {
  const fault = faultOf(error);
  const nextStep = fault.nextStep === NextStep.RETRY_SAME_ID ? NextStep.NONE : fault.nextStep;
  return { ...fault, certainty: Certainty.FINAL, nextStep };
}

/** The end that the processor signed. */
export function reportResult(
  entry: JournalEntry,
  { verified, error }: Extract<Settled, { readonly kind: "answered" }>,
  end: { readonly merchant: TerminalCertificate; readonly shown: ShownOutcome },
): PaymentReport {
  const { result, signed } = verified;
  const state = stateOfOutcome(result.outcome, entry.request.kind);
  const fault = error && finalFaultOf(error);
  return create(PaymentReportSchema, {
    ...head(entry),
    recordNumber: result.recordNumber,
    certainty: Certainty.FINAL,
    nextStep: fault?.nextStep ?? nextStepOf(state, result.responseCode),
    state: PaymentState[state],
    result,
    signedResult: signed,
    shown: end.shown,
    ...(fault && { fault }),
    // What was made impossible before it came has no amount to print.
    ...(entry.request.kind !== PaymentKind.UNSPECIFIED && {
      receipt: receiptOf(entry, result, end.merchant),
    }),
  });
}

/**
 * Only the processor's word says that a payment which was forgotten had accepted less.
 *
 * @throws PaymentError DUPLICATE_DIFFERS when this till does not: it would take a part for all.
 */
export function requireAccepted(report: PaymentReport, request: PaymentRequest): PaymentReport {
  if (!request.acceptPartial && isInPart(report.result)) throw duplicateDiffers(["accept_partial"]);
  return report;
}

export function isInPart(result: Result | undefined): boolean {
  return result?.outcome === Outcome.PARTIALLY_APPROVED;
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
    maskedPan: lastFourOnly(card?.maskedPan ?? `${"*".repeat(12)}${result.lastFour}`),
    scheme: card?.scheme ?? result.scheme,
    ...(card && { entryMode: card.entryMode, verification: card.verification }),
    recordNumber: result.recordNumber,
    approvalCode: result.approvalCode,
    responseCode: result.responseCode,
    retrievalReference: result.retrievalReference,
    timeMs: result.processorTimeMs,
    outcome: result.outcome,
    amounts: request.amounts,
  });
}

/** "424242******4242" → "************4242"; anything of another shape shows nothing. */
function lastFourOnly(maskedPan: string): string {
  if (!/^[\d*]{6}\*+\d{4}$/.test(maskedPan)) return "";
  return maskedPan.slice(-4).padStart(maskedPan.length, "*");
}

function head({ paymentId, traceparent }: PaymentHead) {
  return { paymentId, traceId: traceparent.slice(3, 35) };
}
