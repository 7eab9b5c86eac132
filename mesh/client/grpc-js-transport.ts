import {
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  Code,
  type ConnectError,
  createContextValues,
  type Interceptor,
  type StreamRequest,
  type StreamResponse,
  type Transport,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import { runStreamingCall, runUnaryCall } from "@connectrpc/connect/protocol";
import {
  type CallOptions,
  type Client,
  type ClientDuplexStream,
  logVerbosity,
  type Metadata,
  setLogVerbosity,
} from "@grpc/grpc-js";
import { systemClock, TIMER_MS_MAX } from "../clock.ts";
import { hasSignsOfLife, SIGN_OF_LIFE_MS, Silence, silentLine } from "../stream/silence.ts";
import type { Surroundings } from "../surroundings.ts";
import { errorFromCall, fromMetadata, toMetadata } from "./call-status.ts";
import type { Lines } from "./lines.ts";
import { refusePushedStreams } from "./pushed-streams.ts";

interface GrpcJsTransportOptions extends Pick<Surroundings, "clock"> {
  readonly client: Client;
  /** The connections of `client`: those that are silent are left. */
  readonly lines: Lines;
  readonly interceptors: Interceptor[];
  /** Deadline of unary calls that give none, in milliseconds. */
  readonly defaultTimeoutMs: number;
}

/**
 * Connect's Transport over a grpc-js client: generated clients and interceptors on top, grpc-js's
 * balancing, retries and outlier detection below.
 */
export function grpcJsTransport(options: GrpcJsTransportOptions): Transport {
  refusePushedStreams();
  // It writes a line for each header of a server that it does not like, with all that it says.
  setLogVerbosity(logVerbosity.NONE);
  return {
    unary(method, signal, timeoutMs, header, message, contextValues) {
      const limitMs = atMost(timeoutMs ?? options.defaultTimeoutMs);
      const passed = options.lines.passed();
      const call = runUnaryCall({
        interceptors: options.interceptors,
        timeoutMs: limitMs,
        ...(signal === undefined ? {} : { signal }),
        req: {
          stream: false,
          ...callFacts(method, header, contextValues),
          method,
          message,
        },
        next: (request) => callUnary(options.client, request, deadlineIn(limitMs)),
      });
      return call.catch((error: ConnectError) => {
        const isLong = limitMs >= SIGN_OF_LIFE_MS;
        if (error.code === Code.DeadlineExceeded && isLong) {
          options.lines.leaveSilent(passed, { isAsked: true });
        }
        throw error;
      });
    },
    stream(method, signal, timeoutMs, header, message, contextValues) {
      const limitMs = timeoutMs === undefined ? undefined : atMost(timeoutMs);
      return runStreamingCall({
        interceptors: options.interceptors,
        ...(limitMs === undefined ? {} : { timeoutMs: limitMs }),
        ...(signal === undefined ? {} : { signal }),
        req: {
          stream: true,
          ...callFacts(method, header, contextValues),
          method,
          message,
        },
        next: (request) => callStream(options, request, deadlineIn(limitMs)),
      });
    },
  };
}

export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function callFacts(
  method: DescMethod,
  header: ConstructorParameters<typeof Headers>[0],
  contextValues = createContextValues(),
) {
  return {
    service: method.parent,
    requestMethod: "POST",
    url: pathOf(method),
    header: new Headers(header),
    contextValues,
  };
}

/** Connect's timers fire at once when they are to wait for longer. */
function atMost(timeoutMs: number): number {
  return Math.min(timeoutMs, TIMER_MS_MAX);
}

/** grpc-js compares deadlines with the system's time, whatever clock a program was given. */
function deadlineIn(timeoutMs: number | undefined): CallOptions {
  return timeoutMs === undefined ? {} : { deadline: systemClock.nowMs() + timeoutMs };
}

function callUnary<I extends DescMessage, O extends DescMessage>(
  client: Client,
  request: UnaryRequest<I, O>,
  options: CallOptions,
): Promise<UnaryResponse<I, O>> {
  const { method, message, signal } = request;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const header = new Headers();
    const trailer = new Headers();
    const call = client.makeUnaryRequest(
      pathOf(method),
      (value: MessageShape<I>) => encode(method.input, value),
      (bytes) => fromBinary(method.output, bytes),
      message,
      toMetadata(request.header),
      options,
      (error, answer) => {
        signal.removeEventListener("abort", cancel);
        if (error !== null || answer === undefined) reject(errorFromCall(error));
        // The status, with its trailers, is told one step after this callback.
        else queueMicrotask(() => resolve({ ...request, header, trailer, message: answer }));
      },
    );
    const cancel = () => call.cancel();
    signal.addEventListener("abort", cancel);
    call.on("metadata", (metadata) => copy(metadata, header));
    call.on("status", (status) => copy(status.metadata, trailer));
  });
}

async function callStream<I extends DescMessage, O extends DescMessage>(
  options: GrpcJsTransportOptions,
  request: StreamRequest<I, O>,
  callOptions: CallOptions,
): Promise<StreamResponse<I, O>> {
  const { method, signal } = request;
  signal.throwIfAborted();
  const call = options.client.makeBidiStreamRequest(
    pathOf(method),
    (value: MessageShape<I>) => encode(method.input, value),
    (bytes) => fromBinary(method.output, bytes),
    toMetadata(request.header),
    callOptions,
  );
  const trailer = new Headers();
  signal.addEventListener("abort", () => call.cancel());
  call.on("status", (status) => copy(status.metadata, trailer));
  const failure: Failure = { error: undefined };
  call.on("error", (error) => {
    failure.error ??= error;
  });
  const listening = hasSignsOfLife(method) ? listenTo(call, options) : undefined;
  call.on("status", () => listening?.stop());
  void pump(request.message, call);
  const header = await headersOf(call);
  listening?.listen(false);
  return { ...request, header, trailer, message: received(call, failure, listening) };
}

/** What a call ended with; undefined while it is under way and when all is well. */
interface Failure {
  error: unknown;
}

/** Response headers; empty when the call ends without any. Its error is told by `received`. */
function headersOf(call: ClientDuplexStream<never, unknown>): Promise<Headers> {
  return new Promise((resolve) => {
    call.on("metadata", (metadata) => resolve(fromMetadata(metadata)));
    call.on("error", () => resolve(new Headers()));
    call.on("status", () => resolve(new Headers()));
  });
}

/** Counts the silence of a stream while its owner waits for the next message. */
function listenTo(call: ClientDuplexStream<never, unknown>, options: GrpcJsTransportOptions) {
  const { lines, clock } = options;
  let passed = lines.passed();
  const silence = new Silence(clock, (silentMs) => {
    lines.leaveSilent(passed);
    call.destroy(silentLine(silentMs));
  });
  silence.start();
  return {
    listen(isListening: boolean) {
      passed = lines.passed();
      silence.listen(isListening);
    },
    stop: () => silence.stop(),
  };
}

async function* received<T>(
  call: ClientDuplexStream<never, T>,
  failure: Failure,
  listening: ReturnType<typeof listenTo> | undefined,
): AsyncGenerator<T> {
  try {
    listening?.listen(true);
    for await (const message of call as AsyncIterable<T>) {
      listening?.listen(false);
      yield message;
      listening?.listen(true);
    }
    // A refusal that came before anybody listened looks like an end without messages.
    if (failure.error !== undefined) throw failure.error;
  } catch (error) {
    throw errorFromCall(error);
  } finally {
    listening?.stop();
    call.cancel();
  }
}

async function pump<T>(messages: AsyncIterable<T>, call: ClientDuplexStream<T, unknown>) {
  try {
    for await (const message of messages) {
      if (call.destroyed) return;
      if (!call.write(message)) await drained(call);
    }
    call.end();
  } catch {
    // The caller's own messages failed; it knows why. The server must not take this for an end.
    call.cancel();
  }
}

function drained(call: ClientDuplexStream<never, unknown>): Promise<void> {
  return new Promise((resolve) => {
    call.once("drain", resolve);
    call.once("status", resolve);
  });
}

function encode<D extends DescMessage>(desc: D, message: MessageShape<D>): Buffer {
  const bytes = toBinary(desc, message);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function copy(metadata: Metadata, headers: Headers): void {
  for (const [name, value] of fromMetadata(metadata)) headers.append(name, value);
}
