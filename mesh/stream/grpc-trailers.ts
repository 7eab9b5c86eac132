import type { OutgoingHttpHeaders } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { parseTimeout, setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { withReason } from "../errors-to-wire.ts";

export const GRPC_CONTENT_TYPE = "application/grpc+proto";

/** Nothing that a server says is for the memory of a browser or a proxy. */
export const NOT_KEPT = { "cache-control": "no-store" } as const;

/** Whether the fast path speaks it: protobuf messages, no JSON. */
export function isGrpcProto(contentType: string | undefined): boolean {
  return contentType === "application/grpc" || contentType === GRPC_CONTENT_TYPE;
}

/** grpc-status, grpc-message and grpc-status-details-bin. OK without an error. */
export function grpcTrailers(error: ConnectError | undefined): OutgoingHttpHeaders {
  return Object.fromEntries(setTrailerStatus(new Headers(), error && withReason(error)));
}

/**
 * @returns milliseconds of the `grpc-timeout` header; undefined without one.
 * @throws ConnectError INVALID_ARGUMENT when it is malformed.
 */
export function grpcTimeoutMs(header: string | null): number | undefined {
  const { timeoutMs, error } = parseTimeout(header, Number.MAX_SAFE_INTEGER);
  if (error !== undefined) throw error;
  return timeoutMs;
}

/** HTTP/2 error codes (RFC 9113, 7) as gRPC statuses, as gRPC over HTTP/2 maps them. */
export function errorFromReset(resetCode: number): ConnectError {
  switch (resetCode) {
    case 0x7:
      return new ConnectError("stream refused", Code.Unavailable);
    case 0x8:
      return new ConnectError("the peer cancelled", Code.Canceled);
    case 0xb:
      return new ConnectError("the peer read too slowly", Code.ResourceExhausted);
    case 0xc:
      return new ConnectError("transport security is not sufficient", Code.PermissionDenied);
    default:
      return new ConnectError(`the stream was reset (${resetCode})`, Code.Unavailable);
  }
}
