import { create } from "@bufbuild/protobuf";
import type { SignedPayment } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type AuthorizationRequest,
  AuthorizationRequestSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import type { Clock } from "../../mesh/clock.ts";
import type { HopSpan, Telemetry } from "../../mesh/tracing/telemetry.ts";
import type { MerchantId, PaymentId } from "../../payment/identifiers.ts";
import {
  localTime,
  messageTypeOf,
  POS_CONDITION_NORMAL,
  posEntryMode,
} from "../../payment/iso8583.ts";
import type { CheckedContext } from "../../payment/payment-context.ts";
import type { RecordNumber } from "../../payment/record-number.ts";
import type { RelayRecord } from "../records/relay-record.ts";
import type { SentBox } from "./processor-lanes.ts";

/** One payment that waits for the processor's answer. */
export interface Flight extends FlightFacts {
  readonly requestNumber: bigint;
  readonly span: HopSpan;
  /** The box that is on its way; undefined while the payment waits to be sent (again). */
  box: SentBox | undefined;
  /** Not to be sent (again) before; monotonic. */
  notBeforeMs: number;
  /** Monotonic; 0 before the first time. */
  sentAtMs: number;
}

interface FlightFacts {
  readonly recordNumber: RecordNumber;
  readonly merchantId: MerchantId;
  readonly paymentId: PaymentId;
  readonly payment: SignedPayment;
  readonly context: CheckedContext;
  readonly digest: Uint8Array;
  readonly contextDigest: Uint8Array;
  /** DE 11. */
  readonly traceNumber: number;
  /** DE 18. */
  readonly merchantCategoryCode: number;
  /** By the monotonic clock: it is given up then. */
  readonly overAtMs: number;
  readonly claimNumber: number;
  /** Of the payment's span in this relay, or of the one in a run before. */
  readonly traceparent: string;
  /** Whether FORWARDED is committed: nothing is sent before. */
  isMarked: boolean;
  /** More than 0 makes it a repeat. */
  timesSent: number;
}

/** A payment that is to be sent as soon as can be. */
export function newFlight(facts: FlightFacts, requestNumber: bigint, telemetry: Telemetry): Flight {
  const { recordNumber, paymentId, traceparent } = facts;
  const attributes = { recordNumber, paymentId };
  const span = telemetry.spanOf(traceparent, "relay.forward", "client", attributes);
  return { ...facts, requestNumber, span, box: undefined, notBeforeMs: 0, sentAtMs: 0 };
}

/** The record of a payment that is on its way. */
export function recordOfFlight(flight: Flight): RelayRecord {
  const { recordNumber, merchantId, paymentId, payment, context, traceparent } = flight;
  return {
    recordNumber,
    merchantId,
    paymentId,
    payment,
    state: flight.isMarked ? "FORWARDED" : "RECEIVED",
    terminalId: context.terminalId,
    kind: context.kind,
    digest: flight.digest,
    contextDigest: flight.contextDigest,
    traceparent,
    claimNumber: flight.claimNumber,
    responseCode: "",
    result: undefined,
    faultCode: undefined,
    reverse: undefined,
  };
}

/** The institutions of the message, up to 11 digits each (DE 32, 33). */
export interface Institutions {
  readonly acquiringId: string;
  readonly forwardingId: string;
  /** Where the terminals are: "Europe/Berlin". */
  readonly timeZone: string;
}

/** Those of a development mesh. */
export const INSTITUTIONS: Institutions = {
  acquiringId: "10000000001",
  forwardingId: "10000000002",
  timeZone: "UTC",
};

/** What authorization needs in ISO 8583 terms, around the reader's untouched bytes. */
export function authorizationRequestOf(
  flight: Flight,
  institutions: Institutions,
  clock: Pick<Clock, "nowMs" | "monotonicMs">,
): AuthorizationRequest {
  const { context } = flight;
  return create(AuthorizationRequestSchema, {
    requestNumber: flight.requestNumber,
    messageType: messageTypeOf(context.kind, flight.timesSent > 0),
    recordNumber: flight.recordNumber,
    traceNumber: flight.traceNumber,
    transmissionTimeMs: BigInt(clock.nowMs()),
    localTime: localTime(Number(context.wire.readerTimeMs), institutions.timeZone),
    merchantCategoryCode: flight.merchantCategoryCode,
    posEntryMode: posEntryMode(context.wire.entryMode),
    posConditionCode: POS_CONDITION_NORMAL,
    acquiringInstitutionId: institutions.acquiringId,
    forwardingInstitutionId: institutions.forwardingId,
    timeLeftMs: Math.max(0, Math.round(flight.overAtMs - clock.monotonicMs())),
    payment: flight.payment,
    traceparent: flight.span.traceparent,
  });
}
