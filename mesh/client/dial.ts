import type {
  DescMessage,
  DescMethodBiDiStreaming,
  DescService,
  MessageShape,
} from "@bufbuild/protobuf";
import { type Client, Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { ChannelCredentials, Client as GrpcJsClient } from "@grpc/grpc-js";
import { StartError } from "../../settings/read-config.ts";
import type { Identity } from "../identity/identity.ts";
import { IdentityCredentials, type ServerProof } from "../identity/identity-credentials.ts";
import { isLoopback } from "../loopback.ts";
import type { FrameStream } from "../stream/frame-stream.ts";
import type { FrameLimits } from "../stream/http2-frame-stream.ts";
import type { Surroundings } from "../surroundings.ts";
import { clientInterceptor } from "../tracing/rpc-spans.ts";
import { noTelemetry, type Telemetry } from "../tracing/telemetry.ts";
import { BackendConnections } from "./backend-connections.ts";
import { type Address, backendsTarget, CLOCK_OPTION, splitTarget } from "./backends.ts";
import { channelOptions } from "./channel-config.ts";
import { grpcJsTransport, pathOf } from "./grpc-js-transport.ts";
import { Http2ClientStream } from "./http2-client-stream.ts";
import { Lines } from "./lines.ts";

/** Every call has a deadline; this one when the caller gives none. */
const CALL_TIMEOUT_MS = 10_000;

/** What one stream may hold on this side. */
const STREAM_LIMITS: FrameLimits = {
  messageBytesMax: 4_194_304,
  queueBytesMax: 4_194_304,
  stallMsMax: 15_000,
  messageMsMax: 30_000,
};

interface DialOptions extends Pick<Surroundings, "clock"> {
  /** "host:port" of every backend; a name stands for all of its addresses. */
  readonly targets: readonly string[];
  /** Services that will be called: their methods with an idempotency_level are retried. */
  readonly services: readonly DescService[];
  /** With it: mutual TLS 1.3. Without: plaintext, loopback only. */
  readonly identity?: Identity | undefined;
  /** SPIFFE URI that the server must have, or a pattern as in policy.ts. Goes with `identity`. */
  readonly serverIdentity?: string | undefined;
  readonly telemetry?: Telemetry;
  /** Deadline of unary calls that give none; 10,000. */
  readonly timeoutMs?: number;
  /** Of streams; by default 4 MiB for a frame and for what waits, 15 s for a server to read. */
  readonly limits?: Partial<FrameLimits>;
}

/** A way to a service, over all of its backends. Connects when it is first used. */
export interface MeshChannel extends Disposable {
  /** A generated client. Errors are ConnectError; `paymentErrorFrom` finds cardlane's own. */
  client<S extends DescService>(service: S): Client<S>;
  /** The same as a Connect transport, for interceptors and tests. */
  readonly transport: Transport;
  /** Opens one stream at the next backend. Never throws: what goes wrong comes to `onEnd`. */
  openStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    options?: StreamOptions,
  ): FrameStream<MessageShape<I>, MessageShape<O>>;
}

interface StreamOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Cancels the stream. */
  readonly signal?: AbortSignal;
}

/** @throws Error for a malformed target, or plaintext beyond loopback. */
export function dial(options: DialOptions): MeshChannel {
  const { clock } = options;
  const targets = options.targets.map(splitTarget);
  const proof = proofOf(options);
  if (proof === undefined) refuseBeyondLoopback(targets);
  const lines = new Lines(
    proof === undefined ? ChannelCredentials.createInsecure() : new IdentityCredentials(proof),
  );
  const client = new GrpcJsClient(backendsTarget(options.targets), lines, {
    ...channelOptions(options.services),
    [CLOCK_OPTION]: clock,
  });
  const transport = grpcJsTransport({
    client,
    lines,
    clock,
    interceptors: [
      clientInterceptor(options.telemetry ?? noTelemetry, (error) => ConnectError.from(error)),
    ],
    defaultTimeoutMs: options.timeoutMs ?? CALL_TIMEOUT_MS,
  });
  const connections = new BackendConnections(targets, proof, clock);
  const limits = { ...STREAM_LIMITS, ...options.limits };
  return {
    transport,
    client: (service) => createClient(service, transport),
    openStream(method, { headers = {}, signal } = {}) {
      const opening = connections.request(pathOf(method), headers);
      const stream = new Http2ClientStream(opening, method, limits, clock);
      const cancel = () => stream.end(new ConnectError("cancelled", Code.Canceled));
      if (signal?.aborted === true) cancel();
      signal?.addEventListener("abort", cancel);
      stream.signal.addEventListener("abort", () => signal?.removeEventListener("abort", cancel));
      return stream;
    },
    [Symbol.dispose]() {
      client.close();
      connections[Symbol.dispose]();
    },
  };
}

function proofOf({ identity, serverIdentity }: DialOptions): ServerProof | undefined {
  if (identity === undefined) return undefined;
  if (serverIdentity === undefined) throw new Error("bug: TLS without an expected server");
  return { identity, serverIdentity };
}

function refuseBeyondLoopback(targets: readonly Address[]): void {
  const far = targets.find(({ host }) => !isLoopback(host));
  if (far === undefined) return;
  throw new StartError(`plaintext is for loopback only: ${far.host} needs a TLS identity`);
}
