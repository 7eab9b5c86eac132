import type { ConnectError, Interceptor } from "@connectrpc/connect";
import { type Code, CodeSchema } from "../../gen/google/rpc/code_pb.ts";
import { isOpen } from "../policy.ts";
import type { SpanAttributes } from "./span-attributes.ts";
import { type HopKind, type HopSpan, noTelemetry, type Telemetry } from "./telemetry.ts";

const NO_SPAN = noTelemetry.spanOf(undefined, "none", "internal");

/**
 * One span per call, in the words of OpenTelemetry's RPC conventions, and errors as the caller may
 * see them. A streaming call starts a trace of its own: it would otherwise glue everything that
 * ever happens on it into one.
 */
export function serverInterceptor(
  telemetry: Telemetry,
  toConnectError: (error: unknown) => ConnectError,
): Interceptor {
  return interceptor(telemetry, "server", toConnectError);
}

/**
 * The caller's side. The parent is the `traceparent` header that the caller gave with the call:
 * `client.getPayment(request, { headers: { traceparent: span.traceparent } })`.
 */
export function clientInterceptor(
  telemetry: Telemetry,
  toConnectError: (error: unknown) => ConnectError,
): Interceptor {
  return interceptor(telemetry, "client", toConnectError);
}

function interceptor(
  telemetry: Telemetry,
  kind: HopKind,
  toConnectError: (error: unknown) => ConnectError,
): Interceptor {
  return (next) => async (request) => {
    const name = `${request.method.parent.typeName}/${request.method.name}`;
    const parent = request.stream ? undefined : (request.header.get("traceparent") ?? undefined);
    const span = startRpcSpan(telemetry, kind, name, { parent });
    if (kind === "client") request.header.set("traceparent", span.traceparent);
    const fail = (error: unknown): ConnectError => {
      const wire = toConnectError(error);
      endWithStatus(span, wire.code);
      return wire;
    };
    try {
      const response = await beforeAbort(next(request), request.signal);
      if (response.stream) {
        const messages = untilAborted(response.message, request.signal);
        return { ...response, message: watched(messages, span, fail) };
      }
      endWithStatus(span, 0);
      return response;
    } catch (error) {
      throw fail(error);
    }
  };
}

/**
 * The span of one call of `method` ("package.Service/Method"). Probes ask for health every few
 * seconds; a trace of that is of no use to anyone.
 */
export function startRpcSpan(
  telemetry: Telemetry,
  kind: HopKind,
  method: string,
  about: { readonly parent?: string | undefined; readonly peerIdentity?: string | undefined },
): HopSpan {
  if (isOpen(method)) return NO_SPAN;
  return telemetry.spanOf(about.parent, method, kind, {
    rpcSystem: "grpc",
    rpcMethod: method,
    peerIdentity: about.peerIdentity,
  });
}

/** @param code google.rpc.Code, 0 to 16. */
export function endWithStatus(span: HopSpan, code: number, attributes: SpanAttributes = {}): void {
  const rpcStatusCode = CodeSchema.value[code as Code]?.name ?? "UNKNOWN";
  span.set({ ...attributes, rpcStatusCode });
  span.end(code === 0 ? undefined : rpcStatusCode);
}

/** @throws what `signal` is aborted with, also when `work` never comes to an end. */
async function beforeAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/**
 * A handler that stops because its time is over, or the server stops, has not said everything: its
 * stream ends with that status, never with OK.
 */
async function* untilAborted<T>(
  messages: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  yield* messages;
  signal.throwIfAborted();
}

async function* watched<T>(
  messages: AsyncIterable<T>,
  span: HopSpan,
  fail: (error: unknown) => ConnectError,
): AsyncGenerator<T, void, undefined> {
  let framesSent = 0;
  try {
    for await (const message of messages) {
      framesSent += 1;
      yield message;
    }
    endWithStatus(span, 0, { framesSent });
  } catch (error) {
    span.set({ framesSent });
    throw fail(error);
  }
}
