import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { PaymentError } from "../../payment/errors.ts";
import { wireError } from "../errors-to-wire.ts";
import { grpcTrailers, NOT_KEPT } from "../stream/grpc-trailers.ts";

const UNKNOWN = wireError(new PaymentError("NOT_SUPPORTED", "there is no such method here"));

/** As each protocol says it: gRPC and gRPC-Web in headers alone, Connect as JSON. */
export function answerUnknown(
  { headers }: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
): void {
  const type = headers["content-type"] ?? "";
  const isGrpc = type.startsWith("application/grpc");
  const fields = isGrpc
    ? { "content-type": type, ...grpcTrailers(UNKNOWN) }
    : { "content-type": "application/json" };
  response.statusCode = isGrpc ? 200 : 404;
  for (const [name, value] of Object.entries({ ...fields, ...NOT_KEPT })) {
    response.setHeader(name, String(value));
  }
  // What differs in the two is what nobody reads here.
  (response as ServerResponse).end(isGrpc ? "" : errorToJsonBytes(UNKNOWN, undefined));
}
