import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
} from "node:http2";
import { connect as connectTcp, type Socket } from "node:net";
import { toBinary } from "@bufbuild/protobuf";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import {
  ProcessorService,
  ProcessRequestSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { splitTarget } from "../client/backends.ts";
import { toHeaders } from "../identity/caller.ts";
import { box, type EchoRequest } from "./echo-server.ts";

/** Bytes on the wire of one message. */
export function prefixed(message: EchoRequest = box(1)): Buffer {
  const bytes = toBinary(ProcessRequestSchema, message);
  return Buffer.concat([prefix(0, bytes.byteLength), bytes]);
}

export function prefix(flag: number, messageBytes: number): Buffer {
  const bytes = Buffer.alloc(5, flag);
  bytes.writeUInt32BE(messageBytes, 1);
  return bytes;
}

export interface RawSession extends AsyncDisposable {
  /** The TCP connection, to break it. */
  readonly socket: Socket;
  /** Opens `Process`, as any gRPC client would. */
  call(headers?: Readonly<Record<string, string>>): RawCall;
}

interface RawCall {
  readonly stream: ClientHttp2Stream;
  /** grpc-status of headers or trailers; "reset N" when the stream ended without one. */
  readonly status: Promise<string>;
  /** grpc-message, decoded. */
  readonly message: () => string;
  /** ErrorInfo.reason of the details; "" without. */
  readonly reason: () => string;
}

/** An HTTP/2 client that follows no rules but its own. */
export function rawSession(address: string): RawSession {
  const { host, port } = splitTarget(address);
  const socket = connectTcp({ host, port });
  const session = connect(`http://${address}`, { createConnection: () => socket });
  session.on("error", () => session.destroy());
  return {
    socket,
    call: (headers = {}) => rawCall(session, headers),
    [Symbol.asyncDispose]: async () => session.destroy(),
  };
}

function rawCall(session: ClientHttp2Session, headers: Readonly<Record<string, string>>): RawCall {
  const stream = session.request({
    ":method": "POST",
    ":path": `/${ProcessorService.typeName}/Process`,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  const { promise, resolve } = Promise.withResolvers<string>();
  let message = "";
  let reason = "";
  const look = (fields: Readonly<Record<string, unknown>>) => {
    if (fields["grpc-status"] === undefined) return;
    message = decodeURIComponent(String(fields["grpc-message"] ?? ""));
    const details = findTrailerError(toHeaders(fields as IncomingHttpHeaders));
    reason = details?.findDetails(ErrorInfoSchema)[0]?.reason ?? "";
    resolve(String(fields["grpc-status"]));
  };
  stream.on("response", look);
  stream.on("trailers", look);
  stream.on("error", () => stream.close());
  stream.on("close", () => resolve(`reset ${stream.rstCode}`));
  stream.resume();
  return { stream, status: promise, message: () => message, reason: () => reason };
}
