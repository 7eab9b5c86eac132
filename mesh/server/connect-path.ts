import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse, Http2Session } from "node:http2";
import type { Socket } from "node:net";
import type { DescMethod } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ContextValues,
  createConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
  type Interceptor,
  type MethodImpl,
} from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { universalRequestFromNodeRequest } from "@connectrpc/connect-node";
import { withReason } from "../errors-to-wire.ts";
import { CALLER, connectionPeer, streamPeer, toHeaders } from "../identity/caller.ts";
import { checkedBody } from "../request/checked-body.ts";
import { requireReadable, shortenDeadline } from "../request/request-head.ts";
import { answerUnknown } from "../request/unknown-method.ts";
import { type MeshService, messageBytesMaxOf } from "../service.ts";
import type { FrameStream } from "../stream/frame-stream.ts";
import { IterableFrameStream } from "../stream/iterable-frame-stream.ts";
import { TooManyPieces } from "../stream/message-pieces.ts";
import type { Surroundings } from "../surroundings.ts";
import { AnswerWriter } from "./answer-writer.ts";
import { CallTime } from "./call-time.ts";
import { type Connection, connectionOf } from "./connections.ts";
import type { ServerLimits } from "./server-limits.ts";

interface ConnectPathOptions extends Pick<Surroundings, "clock"> {
  readonly services: readonly MeshService[];
  readonly interceptors: Interceptor[];
  readonly limits: ServerLimits;
  readonly draining: AbortSignal;
  /** Aborted with the error that calls still running get when the grace is over. */
  readonly shutdown: AbortSignal;
  /** Throws a ConnectError when this caller may not call this method. */
  readonly admit: (caller: Caller, method: string) => void;
  readonly toConnectError: (error: unknown) => ConnectError;
}

/** Who calls, and over what. */
export interface Caller {
  readonly identity: string | undefined;
  readonly connection: Pick<Connection, "offence"> | undefined;
  readonly fields: IncomingHttpHeaders;
}

const CALL = createContextKey<Pick<Caller, "connection" | "fields">>({
  connection: undefined,
  fields: {},
});

type NodeHandler = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
) => void;

interface Route {
  readonly handler: UniversalHandler;
  readonly messageBytesMax: number;
}

/** The general path: unary and server-streaming methods, and all over gRPC-Web and Connect. */
export function connectPath(options: ConnectPathOptions): NodeHandler {
  const sizes = new Map<string, number>();
  const router = createConnectRouter({
    interceptors: options.interceptors,
    readMaxBytes: options.limits.messageBytesMax,
    // Compression before encryption has told secrets before, and payments are small.
    acceptCompression: [],
    shutdownSignal: options.shutdown,
    requestGate: (context) => {
      gate(options, context, sizes.get(`/${methodName(context.method)}`));
    },
  });
  for (const one of options.services) {
    for (const method of one.desc.methods) {
      const readMaxBytes = messageBytesMaxOf(one, method, options.limits.messageBytesMax);
      sizes.set(`/${methodName(method)}`, readMaxBytes);
      router.rpc(method, implementationOf(options, one, method), { readMaxBytes });
    }
  }
  const routes = new Map<string, Route>();
  for (const handler of router.handlers) {
    const messageBytesMax = sizes.get(handler.requestPath) ?? options.limits.messageBytesMax;
    routes.set(handler.requestPath, { handler, messageBytesMax });
  }
  return (request, response) => {
    const route = routes.get(requestPath(request.url));
    if (route === undefined) {
      answerUnknown(request, response);
      return;
    }
    answer(options, route, request, response).catch(() => {
      // The client went away, or sent what is not HTTP as gRPC wants it: there is nobody to tell.
      if (!response.headersSent) response.statusCode = 400;
      response.end();
    });
  };
}

function implementationOf(
  options: ConnectPathOptions,
  { methods }: MeshService,
  method: DescMethod,
): MethodImpl<DescMethod> {
  const handler = methods[method.localName] ?? (() => unimplemented(method));
  const isBidi = method.methodKind === "bidi_streaming";
  return (isBidi ? asGenerator(options, handler) : handler) as MethodImpl<DescMethod>;
}

function unimplemented(method: DescMethod): never {
  throw new ConnectError(`${methodName(method)} is not implemented`, Code.Unimplemented);
}

/** "/package.Service/Method" of a request, whatever a client of Connect asks behind it. */
export function requestPath(url: string | undefined): string {
  return url?.split("?", 1)[0] ?? "";
}

/** "package.Service/Method" */
export function methodName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}

/** Before anything of the body is read. @throws ConnectError with a reason. */
function gate(
  { admit, limits }: ConnectPathOptions,
  context: HandlerContext,
  messageBytesMax = limits.messageBytesMax,
): void {
  const { identity } = context.values.get(CALLER);
  admit({ identity, ...context.values.get(CALL) }, methodName(context.method));
  try {
    requireReadable(context, messageBytesMax);
  } catch (error) {
    throw withReason(ConnectError.from(error));
  }
}

async function answer(
  options: ConnectPathOptions,
  route: Route,
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
): Promise<void> {
  const { handler } = route;
  const { clock, limits } = options;
  const connection = connectionOf(speakerOf(request));
  const writer = new AnswerWriter(response, connection.held, limits, clock);
  const values = callerValues(request).set(CALL, { connection, fields: request.headers });
  const universal = universalRequestFromNodeRequest(request, response, undefined, values);
  shortenDeadline(universal.header);
  using time = new CallTime(handler.method, universal.signal, limits, clock);
  const arriving = time.whileThereIs(universal.body as AsyncIterable<Uint8Array>);
  const { method } = handler;
  const checked = checkedBody(arriving, {
    method,
    contentType: request.headers["content-type"],
    messageBytesMax: route.messageBytesMax,
    small: connection.smallPieces,
  });
  const body = untilTooMany(explained(checked), () => {
    connection.harm();
    writer.cut();
  });
  await writer.write(await handler({ ...universal, body, signal: time.signal }));
}

async function* explained(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw error instanceof ConnectError ? withReason(error) : error;
  }
}

/** After its status such a caller could go on for as long as there is room in its window. */
async function* untilTooMany(
  body: AsyncIterable<Uint8Array>,
  cut: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    if (!(error instanceof TooManyPieces)) throw error;
    cut();
    throw new ConnectError(error.message, Code.ResourceExhausted);
  }
}

/** Whoever spoke on the connection: a session of HTTP/2, a socket of HTTP/1.1. */
function speakerOf(request: IncomingMessage | Http2ServerRequest): Http2Session | Socket {
  if (!("stream" in request)) return request.socket;
  const { session } = request.stream;
  if (session === undefined) throw new ConnectError("the connection is gone", Code.Unavailable);
  return session;
}

function callerValues(request: IncomingMessage | Http2ServerRequest): ContextValues {
  // Of HTTP/2, `request.socket` is another object for each request, and nothing that is known.
  const peer = "stream" in request ? streamPeer(request.stream) : connectionPeer(request.socket);
  return createContextValues().set(CALLER, {
    ...peer,
    headers: toHeaders(request.headers),
  });
}

function asGenerator(options: ConnectPathOptions, handler: unknown) {
  const handle = handler as (stream: FrameStream<unknown, unknown>) => void;
  return (frames: AsyncIterable<unknown>, context: HandlerContext) => {
    if (context.signal.aborted) throw new ConnectError("the call was ended", Code.Canceled);
    const stream = new IterableFrameStream({
      frames,
      peer: context.values.get(CALLER),
      signal: context.signal,
      draining: options.draining,
      toConnectError: options.toConnectError,
    });
    handle(stream);
    return stream.outgoing();
  };
}
