import { create } from "@bufbuild/protobuf";
import {
  type AuthorizationRequest,
  AuthorizationRequestSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import type { Clock } from "../../mesh/clock.ts";
import type { HopSpan, Telemetry } from "../../mesh/tracing/telemetry.ts";
import {
  localTime,
  messageTypeOf,
  POS_CONDITION_NORMAL,
  posEntryMode,
  traceNumberOf,
} from "../../payment/iso8583.ts";
import type { RecordedPayment, SealedRecord } from "../records/relay-record.ts";
import type { SentBox } from "./acknowledgement-queue.ts";

/** A recorded payment that a processor is to be asked about. */
export interface PaymentToSend extends RecordedPayment {
  /** DE 18. */
  readonly merchantCategoryCode: number;
  /** By the monotonic clock: it is given up then. */
  readonly overAtMs: number;
  /** More than 0 makes it a repeat. */
  readonly timesSent: number;
}

/** One payment that waits for the processor's answer. */
export interface Flight extends PaymentToSend {
  readonly requestNumber: bigint;
  readonly span: HopSpan;
  /** RECEIVED until FORWARDED is committed: nothing is sent before. */
  record: SealedRecord;
  /** The box that is on its way; undefined while the payment waits to be sent (again). */
  box: SentBox | undefined;
  /** Not to be sent (again) before; monotonic. */
  notBeforeMs: number;
  /** Monotonic; 0 before the first time. */
  sentAtMs: number;
  timesSent: number;
}

/** The flight of a payment that is to be sent as soon as can be. */
export function newFlight(
  payment: PaymentToSend,
  requestNumber: bigint,
  telemetry: Telemetry,
): Flight {
  const { recordNumber, paymentId, traceparent } = payment.record;
  const attributes = { recordNumber, paymentId };
  // Of the payment's span in this relay, or of the one in a run before.
  const span = telemetry.spanOf(traceparent, "relay.forward", "client", attributes);
  return { ...payment, requestNumber, span, box: undefined, notBeforeMs: 0, sentAtMs: 0 };
}

/** Whether FORWARDED is committed. */
export function isMarked({ record }: Flight): boolean {
  return record.state === "FORWARDED";
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
  const { record, context } = flight;
  const timeLeftMs = Math.max(0, Math.round(flight.overAtMs - clock.monotonicMs()));
  return create(AuthorizationRequestSchema, {
    requestNumber: flight.requestNumber,
    messageType: messageTypeOf(context.kind, flight.timesSent > 0),
    recordNumber: record.recordNumber,
    traceNumber: traceNumberOf(context.wire.counter),
    transmissionTimeMs: BigInt(clock.nowMs()),
    localTime: localTime(Number(context.wire.readerTimeMs), institutions.timeZone),
    merchantCategoryCode: flight.merchantCategoryCode,
    posEntryMode: posEntryMode(context.wire.entryMode),
    posConditionCode: POS_CONDITION_NORMAL,
    acquiringInstitutionId: institutions.acquiringId,
    forwardingInstitutionId: institutions.forwardingId,
    timeLeftMs,
    payment: record.payment,
    traceparent: flight.span.traceparent,
  });
}
