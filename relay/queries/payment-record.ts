import { create } from "@bufbuild/protobuf";
import {
  EntryMode,
  PaymentKind,
  PaymentState,
  type SignedResult,
  SignedResultSchema,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type Completed,
  CompletedSchema,
  type PaymentRecord,
  PaymentRecordSchema,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { parseTraceparent } from "../../mesh/traceparent.ts";
import { faultOf, isPaymentErrorCode, PaymentError, refusalWords } from "../../payment/errors.ts";
import { paymentIdToBytes } from "../../payment/identifiers.ts";
import { endOf, type StateName } from "../../payment/states.ts";
import type { RecordEventRow } from "../records/event-store.ts";
import type { RecordOutcome } from "../records/relay-record.ts";
import type { ShownRecord } from "./query-store.ts";

/** A record as people see it. @param history only where it was asked for. */
export function paymentRecordOf(
  record: ShownRecord,
  history: readonly RecordEventRow[] = [],
): PaymentRecord {
  const state = record.state as StateName;
  return create(PaymentRecordSchema, {
    recordNumber: record.recordNumber,
    paymentId: record.paymentId,
    state: PaymentState[state],
    ...endOf({ ...record, state }),
    kind: PaymentKind[record.kind as keyof typeof PaymentKind],
    amounts: {
      totalMinor: record.totalMinor,
      tipMinor: record.tipMinor,
      cashbackMinor: record.cashbackMinor,
      surchargeMinor: record.surchargeMinor,
    },
    currency: record.currency,
    merchantId: record.merchantId,
    terminalId: record.terminalId,
    readerSerial: record.readerSerial,
    entryMode: EntryMode[record.entryMode as keyof typeof EntryMode],
    traceNumber: record.traceNumber,
    retrievalReference: record.retrievalReference,
    approvalCode: record.approvalCode,
    responseCode: record.responseCode,
    approvedAmountMinor: record.approvedAmountMinor,
    lastFour: record.lastFour,
    scheme: record.scheme,
    recordedAtMs: BigInt(record.recordedAt.getTime()),
    completedAtMs: BigInt(record.completedAt?.getTime() ?? 0),
    traceId: parseTraceparent(record.traceparent)?.traceId ?? "",
    ...resultOf(record),
    ...(record.faultCode === null ? {} : { fault: faultOfCode(record.faultCode) }),
    originalPaymentId: record.originalPaymentId ?? "",
    history: history.map((event) => ({
      sequence: event.sequence,
      state: PaymentState[event.state],
      atMs: BigInt(event.changedAtMs),
    })),
  });
}

/** What a terminal hears of a record. */
export function completedOf(outcome: RecordOutcome): Completed {
  const { state, result, faultCode } = outcome;
  return create(CompletedSchema, {
    paymentId: paymentIdToBytes(outcome.paymentId),
    recordNumber: outcome.recordNumber,
    state: PaymentState[state],
    ...endOf(outcome),
    ...(result === undefined ? {} : { result }),
    ...(faultCode === undefined ? {} : { fault: faultOfCode(faultCode) }),
  });
}

function faultOfCode(code: string) {
  const known = isPaymentErrorCode(code) ? code : "INTERNAL";
  return faultOf(new PaymentError(known, refusalWords(known)));
}

function resultOf(record: ShownRecord): { result: SignedResult } | undefined {
  const { result, resultSignature: signature, resultKeyId: keyId } = record;
  if (result === null || signature === null || keyId === null) return undefined;
  return { result: create(SignedResultSchema, { result, signature, keyId }) };
}
