import { create, type DescEnum } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  Certainty,
  CertaintySchema,
  NextStepSchema,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import {
  BadRequestSchema,
  type ErrorInfo,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../gen/google/rpc/error_details_pb.ts";
import { isPaymentErrorCode, PaymentError, type PaymentErrorCode } from "../payment/errors.ts";
import type { Log } from "./log.ts";

/** google.rpc.ErrorInfo.domain of every error that cardlane means. */
const ERROR_DOMAIN = "cardlane";
/** All that a caller hears of a failure that nobody expected. */
const INTERNAL_MESSAGE = "INTERNAL";

/**
 * What a caller gets to see of an error. A PaymentError becomes its gRPC status with google.rpc
 * details: ErrorInfo (reason = code), BadRequest for the field, RetryInfo. A ConnectError that this
 * program made stays as it is. Anything else becomes INTERNAL and nothing more; the cause goes to
 * the log.
 */
export function toConnectError(error: unknown, log: Log): ConnectError {
  if (error instanceof PaymentError) return wireError(error);
  // An error that came from another program is not passed on: its details are not ours to give.
  if (error instanceof ConnectError && !error.isWireError) return error;
  log.failure("a call failed for an unknown reason", error);
  return new ConnectError(INTERNAL_MESSAGE, Code.Internal);
}

/**
 * The same refusal of a stream on which a payment is open. It says that the payment may be charged,
 * and names it. What is no error of cardlane's becomes STREAM_CUT, or INTERNAL, under its own gRPC
 * status.
 *
 * @param openPaymentId as text; empty while it has none.
 */
export function aboutOpenPayment(status: ConnectError, openPaymentId: string): ConnectError {
  const meant = paymentErrorFrom(status);
  const code = meant?.code ?? (status.code === Code.Internal ? "INTERNAL" : "STREAM_CUT");
  const { field, retryAfterMs } = meant ?? {};
  const error = new PaymentError(code, status.rawMessage, {
    ...(field === undefined ? {} : { field }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    openPaymentId,
  });
  return wireError(error, status.code);
}

/**
 * The way back, on the client: a PaymentError when the server meant one.
 *
 * @returns undefined when the error carries no ErrorInfo of cardlane.
 */
export function paymentErrorFrom(error: ConnectError): PaymentError | undefined {
  const info = error.findDetails(ErrorInfoSchema).find((one) => one.domain === ERROR_DOMAIN);
  if (info === undefined || !isPaymentErrorCode(info.reason)) return undefined;
  const field = error.findDetails(BadRequestSchema)[0]?.fieldViolations[0]?.field;
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  const { certainty, payment_id: openPaymentId = "" } = info.metadata;
  return new PaymentError(info.reason, error.rawMessage, {
    ...(certainty === nameIn(CertaintySchema, Certainty.UNKNOWN) ? { openPaymentId } : {}),
    ...(field === undefined ? {} : { field }),
    ...(delay === undefined
      ? {}
      : { retryAfterMs: Number(delay.seconds) * 1_000 + delay.nanos / 1_000_000 }),
    cause: error,
  });
}

/**
 * What a call that failed means for a payment: what the server meant; DEADLINE_EXCEEDED when no
 * answer came in time; UPSTREAM_NOT_REACHED when the connection was refused or broke. Whether the
 * call was obeyed is known in none of the last two.
 *
 * @param callee who was asked, for people: "the relay".
 */
export function callFailure(error: unknown, callee: string): unknown {
  if (!(error instanceof ConnectError)) return error;
  const facts = { cause: error };
  const meant = paymentErrorFrom(error);
  if (meant !== undefined && meant.code !== "INTERNAL") return meant;
  if (error.code === Code.DeadlineExceeded) {
    return new PaymentError("DEADLINE_EXCEEDED", `${callee} did not answer in time`, facts);
  }
  if (error.code === Code.Internal && error.rawMessage === INTERNAL_MESSAGE) {
    return new PaymentError("INTERNAL", `${callee} failed`, facts);
  }
  return new PaymentError("UPSTREAM_NOT_REACHED", `${callee} can not be reached`, facts);
}

/**
 * What Code says where nobody said more. Nothing that may have had an effect is FINAL: a call that
 * was cut off may have been obeyed.
 */
const REASONS: Partial<Readonly<Record<Code, PaymentErrorCode>>> = {
  [Code.InvalidArgument]: "MALFORMED_REQUEST",
  [Code.OutOfRange]: "MALFORMED_REQUEST",
  [Code.DeadlineExceeded]: "DEADLINE_EXCEEDED",
  [Code.NotFound]: "NOT_SUPPORTED",
  [Code.PermissionDenied]: "NOT_PERMITTED",
  [Code.ResourceExhausted]: "OVERLOADED",
  [Code.FailedPrecondition]: "NOT_SUPPORTED",
  [Code.Unimplemented]: "NOT_SUPPORTED",
  [Code.Unavailable]: "STREAM_CUT",
  [Code.Canceled]: "STREAM_CUT",
  [Code.Unauthenticated]: "UNAUTHENTICATED",
};

/** The last step before an error leaves a server: whatever it is, it has an ErrorInfo. */
export function withReason(status: ConnectError): ConnectError {
  if (status.findDetails(ErrorInfoSchema).length > 0) return status;
  const error = new PaymentError(REASONS[status.code] ?? "INTERNAL", status.rawMessage);
  return wireError(error, status.code);
}

/** @param code of gRPC, where another than the error's own has been said. */
export function wireError(error: PaymentError, code: Code = error.row.grpcStatus): ConnectError {
  const details: ConnectError["details"] = [{ desc: ErrorInfoSchema, value: errorInfo(error) }];
  if (error.field !== undefined) {
    const violation = { field: error.field, description: error.message, reason: error.code };
    const value = create(BadRequestSchema, { fieldViolations: [violation] });
    details.push({ desc: BadRequestSchema, value });
  }
  if (error.retryAfterMs !== undefined) {
    const retryDelay = {
      seconds: BigInt(Math.floor(error.retryAfterMs / 1_000)),
      nanos: Math.round((error.retryAfterMs % 1_000) * 1_000_000),
    };
    details.push({ desc: RetryInfoSchema, value: create(RetryInfoSchema, { retryDelay }) });
  }
  const wire = new ConnectError(error.message, code);
  wire.details = details;
  return wire;
}

function errorInfo(error: PaymentError): ErrorInfo {
  return create(ErrorInfoSchema, {
    reason: error.code,
    domain: ERROR_DOMAIN,
    metadata: {
      certainty: nameIn(CertaintySchema, error.row.certainty),
      next_step: nameIn(NextStepSchema, error.row.nextStep),
      ...(error.openPaymentId ? { payment_id: error.openPaymentId } : {}),
    },
  });
}

function nameIn(desc: DescEnum, value: number): string {
  return desc.value[value]?.localName ?? "UNSPECIFIED";
}
