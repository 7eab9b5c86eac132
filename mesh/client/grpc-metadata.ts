import { ConnectError } from "@connectrpc/connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { Metadata, type StatusObject } from "@grpc/grpc-js";

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

/** The error with its google.rpc details; undefined for OK. */
function errorFromStatus(status: StatusObject): ConnectError | undefined {
  if (status.code === 0) return undefined;
  const trailers = fromMetadata(status.metadata);
  trailers.set("grpc-status", String(status.code));
  trailers.set("grpc-message", encodeURIComponent(status.details));
  return findTrailerError(trailers) ?? new ConnectError(status.details, Number(status.code));
}

/** For what grpc-js throws or emits: a ServiceError is a StatusObject. */
export function errorFromCall(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  if (error instanceof Error && "code" in error && "metadata" in error) {
    return errorFromStatus(error as Error & StatusObject) ?? ConnectError.from(error);
  }
  return ConnectError.from(error);
}
