import { constants, type ServerHttp2Stream } from "node:http2";
import {
  type DescMessage,
  type DescMethodBiDiStreaming,
  fromBinary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Timer } from "../clock.ts";
import { CLEAN_END, endWith, ownDraining, type Peer } from "../stream/frame-stream.ts";
import {
  errorFromReset,
  GRPC_CONTENT_TYPE,
  grpcTimeoutMs,
  grpcTrailers,
  NOT_KEPT,
} from "../stream/grpc-trailers.ts";
import {
  type FrameLimits,
  Http2FrameStream,
  type PeerConnection,
} from "../stream/http2-frame-stream.ts";
import type { Surroundings } from "../surroundings.ts";

/** After a status was sent, how long the client may take to let the stream go. */
const LET_GO_MS = 5_000;

interface Http2ServerStreamOptions<I extends DescMessage, O extends DescMessage>
  extends Pick<Surroundings, "clock"> {
  readonly stream: ServerHttp2Stream;
  readonly method: DescMethodBiDiStreaming<I, O>;
  readonly peer: Peer;
  readonly limits: FrameLimits;
  readonly connection: PeerConnection;
  /** Of the server. */
  readonly draining: AbortSignal;
  readonly toConnectError: (error: unknown) => ConnectError;
  /** Called once, when nothing more will happen on the stream. */
  readonly onOver: (totals: StreamTotals) => void;
}

/** What is known of a stream when it is over. */
interface StreamTotals {
  /** gRPC status code, 0 to 16. */
  readonly code: number;
  readonly framesReceived: number;
  readonly framesSent: number;
}

/** The server's side of a gRPC stream on HTTP/2. */
export class Http2ServerStream<
  I extends DescMessage,
  O extends DescMessage,
> extends Http2FrameStream<MessageShape<O>, MessageShape<I>> {
  readonly peer: Peer;
  readonly draining: AbortSignal;
  protected readonly slowReader = "the client reads too slowly";
  readonly #options: Http2ServerStreamOptions<I, O>;
  readonly #stream: ServerHttp2Stream;
  #status: ConnectError | undefined;
  #isHalfClosed = false;
  #deadline: Timer | undefined;
  #letGo: Timer | undefined;

  constructor(options: Http2ServerStreamOptions<I, O>) {
    super({
      ...options,
      encode: (frame) => toBinary(options.method.output, frame),
      decode: (bytes) => fromBinary(options.method.input, bytes),
    });
    this.#options = options;
    this.#stream = options.stream;
    this.peer = options.peer;
    this.draining = ownDraining(options.draining, this.signal);
    this.#respond();
    this.#listen();
  }

  end(status?: ConnectError): void {
    if (this.isEnding) return;
    this.isEnding = true;
    this.#status = this.explained(status);
    this.#deadline?.cancel();
    if (this.#stream.destroyed) return;
    // A client that still sends, or does not read, must not keep the stream.
    this.#letGo = this.#options.clock.timer(LET_GO_MS, () => this.#reset(constants.NGHTTP2_CANCEL));
    this.outbox.finish(() => this.#stream.end());
    if (status !== undefined) this.inbox.finish(endWith(status));
  }

  protected cut(why: string): void {
    this.#status = new ConnectError(why, Code.ResourceExhausted);
    this.#reset(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }

  /** Headers leave at once, so that the caller knows the stream is there. */
  #respond(): void {
    const headers = { ":status": 200, "content-type": GRPC_CONTENT_TYPE, ...NOT_KEPT };
    this.#stream.respond(headers, { waitForTrailers: true });
    try {
      const timeoutMs = grpcTimeoutMs(this.peer.headers.get("grpc-timeout"));
      if (timeoutMs === undefined) return;
      this.#deadline = this.#options.clock.timer(timeoutMs, () => {
        this.end(new ConnectError("the deadline is over", Code.DeadlineExceeded));
      });
    } catch (error) {
      this.end(ConnectError.from(error));
    }
  }

  #listen(): void {
    this.attach(this.#stream);
    this.#stream.on("end", () => this.#halfClosed());
    this.#stream.on("wantTrailers", () => this.#sendStatus());
    this.#stream.on("error", () => this.#closed());
    this.#stream.on("close", () => this.#closed());
  }

  #sendStatus(): void {
    // A reset that is on its way leaves no room for a status.
    if (this.#stream.closed || this.#stream.destroyed) return;
    this.#stream.sendTrailers(grpcTrailers(this.#status));
    // The trailers leave at the end of this turn. A client that has not half-closed is then told
    // that nothing more will be read (RFC 9113, 8.1).
    setImmediate(() => {
      if (!this.#stream.closed && !this.#isHalfClosed) this.#reset(constants.NGHTTP2_NO_ERROR);
    });
  }

  #halfClosed(): void {
    this.#isHalfClosed = true;
    if (!this.isAtBoundary) {
      this.end(new ConnectError("the last message is cut short", Code.InvalidArgument));
      return;
    }
    // A client that cancels looks the same here; its RST_STREAM comes a moment later, to #closed.
    this.inbox.finish(CLEAN_END);
  }

  #closed(): void {
    if (this.signal.aborted) return;
    const resetCode = this.#stream.rstCode;
    const isOrderly = this.isEnding && resetCode === constants.NGHTTP2_NO_ERROR;
    const error = this.#status ?? (isOrderly ? undefined : errorFromReset(resetCode));
    this.#deadline?.cancel();
    this.#letGo?.cancel();
    this.finish(error === undefined ? CLEAN_END : endWith(error));
    const { framesReceived, framesSent } = this;
    this.#options.onOver({ code: error?.code ?? 0, framesReceived, framesSent });
  }

  #reset(code: number): void {
    this.isEnding = true;
    if (!this.#stream.destroyed) this.#stream.close(code);
  }
}

/** Answers a stream that nobody takes, without reading: headers and status in one frame. */
export function refuseStream(stream: ServerHttp2Stream, error: ConnectError): void {
  const headers = { ":status": 200, "content-type": GRPC_CONTENT_TYPE, ...NOT_KEPT };
  stream.respond({ ...headers, ...grpcTrailers(error) }, { endStream: true });
  // In the same turn the reset would overtake the answer.
  setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
}
