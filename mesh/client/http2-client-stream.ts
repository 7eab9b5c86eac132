import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from "node:http2";
import {
  type DescMessage,
  type DescMethodBiDiStreaming,
  fromBinary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { codeFromHttpStatus } from "@connectrpc/connect/protocol-grpc";
import type { Clock } from "../clock.ts";
import { connectionPeer, toHeaders } from "../identity/caller.ts";
import { CLEAN_END, endWith, type Peer } from "../stream/frame-stream.ts";
import { errorFromReset } from "../stream/grpc-trailers.ts";
import { type FrameLimits, Http2FrameStream } from "../stream/http2-frame-stream.ts";
import { isSilentLine } from "../stream/silence.ts";
import { statusOf } from "./call-status.ts";

const NEVER = new AbortController().signal;

/** The client's side of a gRPC stream on HTTP/2. */
export class Http2ClientStream<
  I extends DescMessage,
  O extends DescMessage,
> extends Http2FrameStream<MessageShape<I>, MessageShape<O>> {
  readonly draining = NEVER;
  protected readonly slowReader = "the server reads too slowly";
  #stream: ClientHttp2Stream | undefined;
  /** Undefined until the server said it; null for OK. */
  #status: ConnectError | null | undefined;

  /** @param opening the stream at a backend, as soon as there is one. */
  constructor(
    opening: Promise<ClientHttp2Stream>,
    method: DescMethodBiDiStreaming<I, O>,
    limits: FrameLimits,
    clock: Clock,
  ) {
    super({
      limits,
      clock,
      encode: (frame) => toBinary(method.input, frame),
      decode: (bytes) => fromBinary(method.output, bytes),
      toConnectError: (error) => ConnectError.from(error, Code.Internal),
    });
    this.outbox.holdUntilWritable();
    void this.#connect(opening);
  }

  get peer(): Peer {
    const socket = this.#stream?.session?.socket;
    const headers = new Headers();
    if (socket === undefined) return { identity: undefined, address: "not connected", headers };
    return { ...connectionPeer(socket), headers };
  }

  end(status?: ConnectError): void {
    if (this.signal.aborted) return;
    if (status === undefined) {
      if (!this.isEnding) this.outbox.finish(() => this.#stream?.end());
      this.isEnding = true;
      return;
    }
    this.finish(endWith(status));
    this.#stream?.close(constants.NGHTTP2_CANCEL);
    // What else is on this connection hears as little; it opens anew at once.
    if (isSilentLine(status)) this.#stream?.session?.destroy();
  }

  protected cut(why: string): void {
    this.end(new ConnectError(why, Code.ResourceExhausted));
  }

  async #connect(opening: Promise<ClientHttp2Stream>): Promise<void> {
    try {
      const stream = await opening;
      this.#stream = stream;
      this.#listen(stream);
    } catch (error) {
      this.finish(endWith(ConnectError.from(error, Code.Unavailable)));
    }
  }

  #listen(stream: ClientHttp2Stream): void {
    stream.on("response", (headers) => this.#readHeaders(headers));
    stream.on("trailers", (trailers) => this.#readStatus(toHeaders(trailers)));
    stream.on("end", () => this.#closed());
    stream.on("close", () => this.#closed());
    // What happened is in the reset code, which "close" looks at.
    stream.on("error", () => stream.close());
    if (this.signal.aborted) stream.close(constants.NGHTTP2_CANCEL);
    else this.attach(stream);
  }

  #readHeaders(fields: IncomingHttpHeaders): void {
    const httpStatus = Number(fields[":status"]);
    const headers = toHeaders(fields);
    if (headers.has("grpc-status")) {
      this.#readStatus(headers);
    } else if (httpStatus !== 200) {
      this.#status = new ConnectError(`HTTP status ${httpStatus}`, codeFromHttpStatus(httpStatus));
    }
  }

  #readStatus(headers: Headers): void {
    const status = statusOf(headers);
    if (status === undefined) return;
    this.#status = status;
    // With OK, frames may still wait in front of the end.
    if (status !== null) this.finish(endWith(status));
  }

  #closed(): void {
    if (this.signal.aborted || this.#stream === undefined) return;
    if (this.#status === null) {
      this.finish(CLEAN_END);
    } else {
      this.finish(endWith(this.#status ?? withoutStatus(this.#stream.rstCode)));
    }
    this.#stream.close();
  }
}

/**
 * A server ends a stream with a status, not with CANCEL: that is what Node gives to the streams of
 * a connection that broke or was never made.
 */
function withoutStatus(resetCode: number): ConnectError {
  return resetCode === constants.NGHTTP2_CANCEL
    ? new ConnectError("connection lost", Code.Unavailable)
    : errorFromReset(resetCode);
}
