import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { DescMethod, DescMethodBiDiStreaming } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { PaymentError } from "../../payment/errors.ts";
import type { Clock, Timer } from "../clock.ts";
import { toConnectError, wireError, withReason } from "../errors-to-wire.ts";
import { streamPeer, toHeaders } from "../identity/caller.ts";
import type { Identity } from "../identity/identity.ts";
import type { Rate } from "../limits/rate-limits.ts";
import type { CallKind } from "../limits/turns.ts";
import { matchesIdentity, type Policy } from "../policy.ts";
import { signOfWebPage } from "../request/web-pages.ts";
import { type MeshService, messageBytesMaxOf } from "../service.ts";
import { createHealth, type Health } from "../services/health.ts";
import { reflectionServices } from "../services/reflection.ts";
import type { FrameStream, Peer } from "../stream/frame-stream.ts";
import { isGrpcProto } from "../stream/grpc-trailers.ts";
import type { FrameLimits } from "../stream/http2-frame-stream.ts";
import type { Surroundings } from "../surroundings.ts";
import { endWithStatus, serverInterceptor, startRpcSpan } from "../tracing/rpc-spans.ts";
import { noTelemetry, type Telemetry } from "../tracing/telemetry.ts";
import { Admission } from "./admission.ts";
import { type Caller, connectPath, methodName, requestPath } from "./connect-path.ts";
import { type Connection, connectionOf } from "./connections.ts";
import { Http2ServerStream, refuseStream } from "./http2-server-stream.ts";
import { Listener } from "./listener.ts";
import { DEFAULT_CALL_RATE, DEFAULT_LIMITS, type ServerLimits } from "./server-limits.ts";

/** Turns of the event loop that a last status gets to leave. */
const FLUSH_TURNS = 10;

export interface ServeOptions extends Pick<Surroundings, "clock" | "log"> {
  /** "host:port"; port 0 takes any. Anything but loopback needs `identity`. */
  readonly listen: string;
  readonly services: readonly MeshService[];
  /** With it: mutual TLS 1.3. Without: plaintext, loopback only. */
  readonly identity?: Identity | undefined;
  /** Who may call what; goes with `identity`. Without TLS nobody has an identity to ask for. */
  readonly policy?: Policy;
  readonly telemetry?: Telemetry;
  readonly limits?: Partial<ServerLimits>;
  /**
   * Calls, new streams and questions to reflection of each identity, refused ones too; health is
   * free. In plaintext, which is for one machine, there is nobody to tell apart and nothing is
   * limited.
   */
  readonly callRate?: Rate | undefined;
  /**
   * Whose connections carry the calls of many others: identities, as in policy.ts, or addresses.
   * They may have as many connections and streams as there is room for, and reset more of them. In
   * plaintext everybody may, once anybody is named.
   */
  readonly bulkPeers?: readonly string[] | undefined;
  /** How long probes get to see NOT_SERVING before connections are refused, in milliseconds. */
  readonly probePeriodMs?: number;
}

/** A running server: gRPC, gRPC-Web and Connect on one port, with reflection and health. */
export interface MeshServer extends AsyncDisposable {
  /** "127.0.0.1:40123" */
  readonly address: string;
  readonly health: Health;
  /**
   * Stops in an orderly way: health says NOT_SERVING, probes get time to see it, no new connections
   * or streams, live streams get Drain; after `graceMs` what still runs ends with UNAVAILABLE.
   */
  drain(graceMs: number): Promise<void>;
}

/** @throws Error when the port is taken, or plaintext was asked for beyond loopback. */
export async function serve(options: ServeOptions): Promise<MeshServer> {
  const server = new Server(options);
  await server.start();
  return server;
}

class Server implements MeshServer {
  readonly health: Health;
  readonly #options: ServeOptions;
  readonly #limits: ServerLimits;
  /** Undefined in plaintext. */
  readonly #admission: Admission | undefined;
  readonly #listener: Listener;
  readonly #draining = new AbortController();
  readonly #shutdown = new AbortController();
  readonly #fastMethods = new Map<string, FastMethod>();
  readonly #kinds = new Map<string, CallKind>();
  readonly #fastStreams = new Set<FrameStream<never, unknown>>();
  #address = "";

  constructor(options: ServeOptions) {
    if ((options.identity === undefined) !== (options.policy === undefined)) {
      throw new Error("bug: a TLS identity and a policy go together");
    }
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    const { policy, clock, log, callRate = DEFAULT_CALL_RATE } = options;
    this.#admission = policy && new Admission(policy, callRate, { clock, log });
    this.health = createHealth(options.services.map(({ desc }) => desc.typeName));
    const reflected = options.services.map(({ desc }) => desc);
    const count = (identity: string | undefined) => this.#admission?.count(identity);
    const services = [
      ...options.services,
      this.health.service,
      ...reflectionServices(reflected, clock, count),
    ];
    for (const one of services) this.#addMethods(one);
    const handleRequest = connectPath({
      services,
      interceptors: [
        serverInterceptor(this.#telemetry, (error) => withReason(this.#toWire(error))),
      ],
      limits: this.#limits,
      clock,
      draining: this.#draining.signal,
      shutdown: this.#shutdown.signal,
      admit: (caller, method) => this.#admit(caller, method),
      toConnectError: (error) => this.#toWire(error),
    });
    // Never listens; it only makes the compatible request and response that Connect wants.
    const compatible = createServer(handleRequest);
    this.#listener = new Listener({
      listen: options.listen,
      identity: options.identity,
      limits: this.#limits,
      messageBytesMax: longestMessage(services, this.#limits.messageBytesMax),
      isBulk: (peer) => isBulk(options, peer),
      clock,
      log,
      onHttp1Request: handleRequest,
      onHttp2Stream: (stream, headers, ...more) => {
        if (this.#acceptFast(stream, headers)) return;
        compatible.emit("stream", stream, headers, ...more);
      },
      kindOf: (url) => this.#kinds.get(requestPath(url)) ?? "call",
    });
  }

  get address(): string {
    return this.#address;
  }

  async start(): Promise<void> {
    this.#address = await this.#listener.listen();
    this.health.setAll("SERVING");
  }

  async drain(graceMs: number): Promise<void> {
    const { clock, probePeriodMs } = this.#options;
    this.health.setAll("NOT_SERVING");
    if (probePeriodMs !== undefined) await clock.sleep(probePeriodMs);
    this.#draining.abort();
    this.health.close();
    using grace = new Grace(clock, graceMs);
    await Promise.race([this.#listener.stop(), grace.over]);
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const reason = new ConnectError("the server stops", Code.Unavailable);
    this.#draining.abort();
    this.health.close();
    this.#shutdown.abort(reason);
    for (const stream of this.#fastStreams) stream.end(reason);
    void this.#listener.stop();
    for (let turn = 0; turn < FLUSH_TURNS && this.#listener.isInUse; turn += 1) await nextTurn();
    await this.#listener.destroy();
  }

  get #telemetry(): Telemetry {
    return this.#options.telemetry ?? noTelemetry;
  }

  #toWire(error: unknown): ConnectError {
    return toConnectError(error, this.#options.log);
  }

  /** @throws ConnectError PERMISSION_DENIED or, for too many calls, RESOURCE_EXHAUSTED. */
  #admit({ identity, connection, fields }: Caller, method: string): void {
    const page = this.#admission === undefined ? signOfWebPage(fields) : undefined;
    // No offence: a page could otherwise have this machine's own programs barred.
    if (page !== undefined) throw wireError(new PaymentError("NOT_PERMITTED", page));
    try {
      this.#admission?.admit(identity, method);
    } catch (error) {
      if (error instanceof PaymentError) connection?.offence();
      throw withReason(this.#toWire(error));
    }
  }

  #addMethods(one: MeshService): void {
    for (const method of one.desc.methods) {
      const handler = one.methods[method.localName];
      this.#kinds.set(`/${methodName(method)}`, callKind(method));
      if (!isBidi(method) || handler === undefined) continue;
      const handle = handler as FastMethod["handle"];
      const messageBytesMax = messageBytesMaxOf(one, method, this.#limits.messageBytesMax);
      const limits = { ...this.#limits, messageBytesMax };
      this.#fastMethods.set(`/${methodName(method)}`, { method, handle, limits });
    }
  }

  /** @returns whether the stream was one for the fast path. */
  #acceptFast(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean {
    const fast = this.#fastMethods.get(requestPath(headers[":path"]));
    const isPost = headers[":method"] === "POST";
    if (fast === undefined || !isPost || !isGrpcProto(headers["content-type"])) return false;
    const { session } = stream;
    if (session === undefined) return false;
    const peer = { ...streamPeer(stream), headers: toHeaders(headers) };
    const connection = connectionOf(session);
    const name = methodName(fast.method);
    try {
      this.#admit({ identity: peer.identity, connection, fields: headers }, name);
    } catch (error) {
      refuseStream(stream, this.#toWire(error));
      return true;
    }
    this.#open(stream, fast, { peer, connection }, name);
    return true;
  }

  #open(
    stream: ServerHttp2Stream,
    fast: FastMethod,
    { peer, connection }: { readonly peer: Peer; readonly connection: Connection },
    name: string,
  ): void {
    // A trace of its own: a stream outlives the payments on it.
    const { identity: peerIdentity } = peer;
    const span = startRpcSpan(this.#telemetry, "server", name, { peerIdentity });
    const frames = new Http2ServerStream({
      stream,
      method: fast.method,
      peer,
      limits: fast.limits,
      clock: this.#options.clock,
      connection,
      draining: this.#draining.signal,
      toConnectError: (error) => this.#toWire(error),
      onOver: ({ code, framesReceived, framesSent }) => {
        this.#fastStreams.delete(frames);
        endWithStatus(span, code, { framesReceived, framesSent });
      },
    });
    this.#fastStreams.add(frames);
    try {
      fast.handle(frames);
    } catch (error) {
      frames.end(this.#toWire(error));
    }
  }
}

interface FastMethod {
  readonly method: DescMethodBiDiStreaming;
  readonly limits: FrameLimits;
  readonly handle: (stream: FrameStream<unknown, unknown>) => void;
}

/** @param peer an identity, or in plaintext an address. */
function isBulk({ bulkPeers = [], identity }: ServeOptions, peer: string): boolean {
  if (identity === undefined) return bulkPeers.length > 0;
  return bulkPeers.some((pattern) => matchesIdentity(pattern, peer));
}

function longestMessage(services: readonly MeshService[], serverMax: number): number {
  const limits = services.flatMap((one) =>
    one.desc.methods.map((method) => messageBytesMaxOf(one, method, serverMax)),
  );
  return Math.max(serverMax, ...limits);
}

/** A method is a list when it is asked for a page. */
function callKind({ methodKind, input }: DescMethod): CallKind {
  if (methodKind !== "unary") return "stream";
  return "pageSize" in input.field ? "list" : "call";
}

function isBidi(method: DescMethod): method is DescMethodBiDiStreaming {
  return method.methodKind === "bidi_streaming";
}

/** A wait that is given up when it is no longer of interest. */
class Grace implements Disposable {
  readonly over: Promise<void>;
  readonly #timer: Timer;

  constructor(clock: Clock, graceMs: number) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.over = promise;
    this.#timer = clock.timer(graceMs, resolve);
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
  }
}
