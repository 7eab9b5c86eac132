import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ContextValues,
  createConnectRouter,
  createContextValues,
  type HandlerContext,
  type Interceptor,
  type MethodImpl,
  type ServiceImpl,
} from "@connectrpc/connect";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import {
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import { CALLER, connectionPeer, toHeaders } from "./caller.ts";
import type { FrameStream } from "./frame-stream.ts";
import { IterableFrameStream } from "./iterable-frame-stream.ts";
import type { MeshService } from "./service.ts";

export interface ConnectPathOptions {
  readonly services: readonly MeshService[];
  readonly interceptors: Interceptor[];
  readonly messageBytesMax: number;
  readonly draining: AbortSignal;
  /** Aborted with the error that calls still running get when the grace is over. */
  readonly shutdown: AbortSignal;
  /** Throws a ConnectError when this caller may not call this method. */
  readonly admit: (identity: string | undefined, method: string) => void;
  readonly toConnectError: (error: unknown) => ConnectError;
}

type NodeHandler = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
) => void;

/** The general path: unary and server-streaming methods, and all over gRPC-Web and Connect. */
export function connectPath(options: ConnectPathOptions): NodeHandler {
  const router = createConnectRouter({
    interceptors: options.interceptors,
    readMaxBytes: options.messageBytesMax,
    // Compression before encryption has told secrets before, and payments are small.
    acceptCompression: [],
    shutdownSignal: options.shutdown,
    requestGate: (context) => gate(options, context),
  });
  for (const { desc, methods, messageBytesMax } of options.services) {
    const implementation: Partial<ServiceImpl<DescService>> = {};
    for (const method of desc.methods) {
      const handler = methods[method.localName];
      if (handler === undefined) continue;
      implementation[method.localName] = (
        method.methodKind === "bidi_streaming" ? asGenerator(options, handler) : handler
      ) as MethodImpl<DescMethod>;
    }
    const readMaxBytes = messageBytesMax ?? options.messageBytesMax;
    router.service(desc, implementation, { readMaxBytes });
  }
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  return (request, response) => {
    const handler = handlers.get(request.url?.split("?", 1)[0] ?? "");
    if (handler === undefined) {
      response.statusCode = 404;
      response.end();
      return;
    }
    answer(handler, request, response).catch(() => {
      // The client went away, or sent what is not HTTP as gRPC wants it: there is nobody to tell.
      if (!response.headersSent) response.statusCode = 400;
      response.end();
    });
  };
}

/** "package.Service/Method" */
export function methodName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}

function gate(options: ConnectPathOptions, context: HandlerContext): void {
  options.admit(context.values.get(CALLER).identity, methodName(context.method));
}

async function answer(
  handler: ReturnType<typeof createConnectRouter>["handlers"][number],
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
): Promise<void> {
  const values = callerValues(request);
  const universal = universalRequestFromNodeRequest(request, response, undefined, values);
  await send(await handler(universal), response);
}

/**
 * A gRPC answer without any message becomes headers alone ("Trailers-Only"). Only then may a client
 * repeat the call: once it has seen headers, it takes the answer as begun.
 */
async function send(
  answered: UniversalServerResponse,
  response: ServerResponse | Http2ServerResponse,
): Promise<void> {
  const { body, trailer } = answered;
  if (body === undefined || trailer === undefined) {
    await universalResponseToNodeResponse(answered, response);
    return;
  }
  const messages = body[Symbol.asyncIterator]();
  const first = await messages.next();
  if (first.done !== true) {
    const whole = { ...answered, body: startingWith(first.value, messages) };
    await universalResponseToNodeResponse(whole, response);
    return;
  }
  response.statusCode = answered.status;
  for (const [name, value] of [...(answered.header ?? []), ...trailer]) {
    response.setHeader(name, value);
  }
  response.end();
}

async function* startingWith<T>(first: T, rest: AsyncIterator<T>): AsyncGenerator<T> {
  yield first;
  yield* { [Symbol.asyncIterator]: () => rest };
}

function callerValues(request: IncomingMessage | Http2ServerRequest): ContextValues {
  return createContextValues().set(CALLER, {
    ...connectionPeer(request.socket),
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
