import { Code, ConnectError } from "@connectrpc/connect";
import { Metadata, type StatusObject } from "@grpc/grpc-js";
import { statusOf } from "./call-status.ts";

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
