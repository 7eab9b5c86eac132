import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { Metadata, type StatusObject } from "@grpc/grpc-js";
import { type Status, StatusSchema } from "../../gen/google/rpc/status_pb.ts";

/**
 * How a server ended a call, by its trailers: the gRPC status with its google.rpc details. Nothing
 * that a server says makes this throw. What it says wrongly is left out, and a code that gRPC does
 * not have is UNKNOWN (gRPC over HTTP/2, "Responses").
 *
 * @returns null for OK, undefined where the headers say no status.
 */
export function statusOf(trailers: Headers): ConnectError | null | undefined {
  const said = trailers.get("grpc-status");
  if (said === null) return undefined;
  if (said === "0") return null;
  const code = /^\d{1,2}$/.test(said) && Number(said) in Code ? Number(said) : Code.Unknown;
  const details = detailsOf(trailers.get("grpc-status-details-bin"), code);
  const message = details?.message ?? wordsOf(trailers.get("grpc-message") ?? "");
  const error = new ConnectError(message, code, trailers);
  error.isWireError = true;
  error.details = (details?.details ?? []).map(({ typeUrl, value }) => ({
    type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
    value,
  }));
  return error;
}

/** Undefined for what is no google.rpc.Status, and for one of another code, which says nothing. */
function detailsOf(base64: string | null, code: Code): Status | undefined {
  if (base64 === null) return undefined;
  try {
    const status = fromBinary(StatusSchema, Buffer.from(base64, "base64"));
    return status.code === code ? status : undefined;
  } catch {
    return undefined;
  }
}

/** Percent-encoded UTF-8, or, from those who do not encode, the words as they are. */
function wordsOf(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

/** grpc-js keeps values of "-bin" keys as bytes; on the wire and in Headers they are base64. */
export function toMetadata(headers: Headers): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of headers) {
    metadata.add(name, name.endsWith("-bin") ? Buffer.from(value, "base64") : value);
  }
  return metadata;
}

export function fromMetadata(metadata: Metadata): Headers {
  const headers = new Headers();
  for (const name of Object.keys(metadata.getMap())) {
    for (const value of metadata.get(name)) {
      headers.append(name, typeof value === "string" ? value : value.toString("base64"));
    }
  }
  return headers;
}

/** The error with its google.rpc details. */
function errorFromStatus(status: StatusObject): ConnectError {
  const trailers = fromMetadata(status.metadata);
  trailers.set("grpc-status", String(status.code));
  trailers.set("grpc-message", encodeURIComponent(status.details.toWellFormed()));
  return statusOf(trailers) ?? new ConnectError(status.details, Code.Unknown);
}

/** For what grpc-js throws or emits: a ServiceError is a StatusObject. */
export function errorFromCall(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  if (error instanceof Error && "code" in error && "metadata" in error) {
    return errorFromStatus(error as Error & StatusObject);
  }
  return ConnectError.from(error);
}
