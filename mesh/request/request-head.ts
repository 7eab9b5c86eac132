import { type DescMessage, fromBinary, fromJsonString } from "@bufbuild/protobuf";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { parseTimeout as parseConnectTimeout } from "@connectrpc/connect/protocol-connect";
import { parseTimeout as parseGrpcTimeout } from "@connectrpc/connect/protocol-grpc";
import { PaymentError } from "../../payment/errors.ts";
import { TIMER_MS_MAX } from "../clock.ts";
import { wireError } from "../errors-to-wire.ts";

const TIMEOUTS = [
  ["grpc-timeout", parseGrpcTimeout, `${Math.floor(TIMER_MS_MAX / 1_000)}S`],
  ["connect-timeout-ms", parseConnectTimeout, String(TIMER_MS_MAX)],
] as const;

/** Where the protocols say how the request is compressed. */
const ENCODINGS = ["grpc-encoding", "content-encoding", "connect-content-encoding"];

/**
 * Connect hands a caller's deadline to a timer of its own, which fires at once beyond TIMER_MS_MAX.
 * A header that is malformed is left for `requireReadable` to refuse.
 */
export function shortenDeadline(header: Headers): void {
  for (const [name, parse, longest] of TIMEOUTS) {
    const { timeoutMs } = parse(header.get(name), TIMER_MS_MAX);
    if (timeoutMs !== undefined && timeoutMs > TIMER_MS_MAX) header.set(name, longest);
  }
}

/**
 * What Connect would refuse before any handler, without saying what the contract asks for.
 *
 * @throws ConnectError with a reason.
 */
export function requireReadable(context: HandlerContext, messageBytesMax: number): void {
  const { requestHeader: header, url, method } = context;
  const query = context.requestMethod === "GET" ? new URL(url).searchParams : undefined;
  const encodings = [...ENCODINGS.map((name) => header.get(name)), query?.get("compression")];
  if (encodings.some((encoding) => (encoding ?? "identity") !== "identity")) {
    throw new ConnectError("compressed messages are not accepted", Code.Unimplemented);
  }
  for (const [name, parse] of TIMEOUTS) {
    const { error } = parse(header.get(name), TIMER_MS_MAX);
    if (error !== undefined) throw malformed(`${name} must be a time of its protocol`, error);
  }
  const isBare = /^application\/(proto|json)/.test(header.get("content-type") ?? "");
  if (isBare) requireLength(Number(header.get("content-length") ?? 0), messageBytesMax);
  if (query !== undefined) requireQuery(method.input, query);
}

/** @throws ConnectError FRAME_TOO_LARGE */
export function requireLength(messageBytes: number, messageBytesMax: number): void {
  if (messageBytes <= messageBytesMax) return;
  const message = `message must be at most ${messageBytesMax} bytes, got ${messageBytes}`;
  throw wireError(new PaymentError("FRAME_TOO_LARGE", message));
}

/** @throws ConnectError MALFORMED_REQUEST */
export function requireMessage(input: DescMessage, bytes: Uint8Array, isJson: boolean): void {
  try {
    if (isJson) fromJsonString(input, new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    else fromBinary(input, bytes);
  } catch (cause) {
    throw malformed("a message is malformed", cause);
  }
}

function requireQuery(input: DescMessage, query: URLSearchParams): void {
  const text = query.get("message") ?? "";
  const isJson = query.get("encoding") === "json";
  let bytes: Uint8Array;
  try {
    bytes = query.get("base64") === "1" ? base64Decode(text) : new TextEncoder().encode(text);
  } catch (cause) {
    throw malformed("a message is malformed", cause);
  }
  requireMessage(input, bytes, isJson);
}

function malformed(message: string, cause: unknown): ConnectError {
  return wireError(new PaymentError("MALFORMED_REQUEST", message, { cause }));
}
