import type { Http2Stream } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { PaymentError } from "../../payment/errors.ts";
import type { Timer } from "../clock.ts";
import type { Surroundings } from "../surroundings.ts";
import { FrameInbox } from "./frame-inbox.ts";
import { FrameOutbox, type OutboxLimits } from "./frame-outbox.ts";
import type { ExplainEnd, FrameStream, Peer, StreamEnd } from "./frame-stream.ts";
import { type HeldBytes, type HeldShare, UNBOUNDED_SHARE } from "./held-bytes.ts";
import { MessageSplitter } from "./length-prefix.ts";
import { type SmallPieces, TooManyPieces } from "./message-pieces.ts";

interface Http2FrameOptions<Out, In> extends Pick<Surroundings, "clock"> {
  readonly encode: (frame: Out) => Uint8Array;
  /** Throws when the bytes are no such message. */
  readonly decode: (bytes: Uint8Array) => In;
  readonly limits: FrameLimits;
  /** Makes of what a handler threw what the peer may see. */
  readonly toConnectError: (error: unknown) => ConnectError;
  /** Over which the peer came; without, this side has chosen its peer. */
  readonly connection?: PeerConnection;
}

/** What a stream has to know of its connection, and may tell of its peer. */
export interface PeerConnection {
  /** What its peer makes the server hold: over all connections of an identity, or over this one. */
  readonly held: HeldBytes;
  /** Of its messages; undefined where they are those of many others, cut by whoever sent them. */
  readonly smallPieces: SmallPieces | undefined;
  /** The peer did what no honest client does: the connection ends, and its identity is barred. */
  harm(): void;
}

export interface FrameLimits extends OutboxLimits {
  /** Longest message accepted, in bytes. */
  readonly messageBytesMax: number;
  /** How long a message may be unfinished while this side reads, in milliseconds. */
  readonly messageMsMax: number;
}

/**
 * What both sides of a gRPC stream directly on HTTP/2 have in common: messages in and out, without
 * async iterators or promises. A frame costs about a third of what it costs on the general path
 * (bench/questions/stream-echo.ts).
 */
export abstract class Http2FrameStream<Out, In> implements FrameStream<Out, In> {
  abstract readonly peer: Peer;
  abstract readonly draining: AbortSignal;
  protected readonly inbox: FrameInbox<In>;
  protected readonly outbox: FrameOutbox;
  protected framesReceived = 0;
  protected framesSent = 0;
  /** Nothing more is taken from this side. */
  protected isEnding = false;
  readonly #over = new AbortController();
  readonly #encode: (frame: Out) => Uint8Array;
  readonly #splitter: MessageSplitter;
  readonly #options: Http2FrameOptions<Out, In>;
  readonly #unfinished: HeldShare;
  #unfinishedTimer: Timer | undefined;
  #stream: Http2Stream | undefined;
  #isReading = true;
  #explain: ExplainEnd = (status) => status;

  constructor(options: Http2FrameOptions<Out, In>) {
    this.#encode = options.encode;
    this.#options = options;
    const { connection } = options;
    this.#unfinished = connection?.held.share() ?? UNBOUNDED_SHARE;
    this.inbox = new FrameInbox(
      (wanted) => this.#setReading(wanted),
      (error) => this.end(options.toConnectError(error)),
    );
    this.outbox = new FrameOutbox(
      { write: (bytes) => this.#write(bytes), cut: () => this.cut(this.slowReader) },
      options.limits,
      options.clock,
      connection?.held.share(),
    );
    const onMessage = (bytes: Uint8Array) => {
      this.framesReceived += 1;
      this.inbox.push(options.decode(bytes));
    };
    const { messageBytesMax } = options.limits;
    this.#splitter = new MessageSplitter(messageBytesMax, onMessage, connection?.smallPieces);
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  send(frame: Out): boolean {
    if (this.isEnding) return false;
    this.framesSent += 1;
    return this.outbox.add(this.#encode(frame));
  }

  onWritable(handler: () => void): void {
    this.outbox.onWritable(handler);
  }

  onFrame(handler: (frame: In) => void): void {
    this.inbox.onFrame(handler);
  }

  onEnd(handler: (end: StreamEnd) => void): void {
    this.inbox.onEnd(handler);
  }

  pause(): void {
    this.inbox.pause();
  }

  resume(): void {
    this.inbox.resume();
  }

  abstract end(status?: ConnectError): void;

  explainEnd(explain: ExplainEnd): void {
    this.#explain = explain;
  }

  protected explained(status: ConnectError | undefined): ConnectError | undefined {
    return status && this.#explain(status);
  }

  /** What is said of a peer that does not read. */
  protected abstract readonly slowReader: string;

  /** Ends the stream at once, with RESOURCE_EXHAUSTED on this side. */
  protected abstract cut(why: string): void;

  /** The HTTP/2 stream is there; what was sent before leaves now. */
  protected attach(stream: Http2Stream): void {
    this.#stream = stream;
    stream.on("data", (chunk: Buffer) => this.#read(chunk));
    stream.on("drain", () => this.outbox.transportWritable());
    if (!this.#isReading) stream.pause();
    this.outbox.transportWritable();
  }

  /** Whether the bytes so far end between two messages. */
  protected get isAtBoundary(): boolean {
    return this.#splitter.isAtBoundary;
  }

  /** The last thing that happens to the stream. */
  protected finish(end: StreamEnd): void {
    this.isEnding = true;
    this.#unfinishedTimer?.cancel();
    this.#unfinished.set(0);
    this.outbox.close();
    this.inbox.finish(end);
    this.#over.abort();
  }

  #write(bytes: Buffer): boolean {
    if (this.#stream === undefined) throw new Error("bug: written before there is a stream");
    return this.#stream.write(bytes);
  }

  #setReading(wanted: boolean): void {
    this.#isReading = wanted;
    if (wanted) this.#stream?.resume();
    else this.#stream?.pause();
    this.#watchUnfinished();
  }

  #read(chunk: Buffer): void {
    // Of a stream that was cut off, frames may still be on the way.
    if (this.inbox.isEnded || this.#stream?.closed === true) return;
    try {
      this.#splitter.push(chunk);
      if (!this.#unfinished.set(this.#splitter.heldBytes)) {
        throw new ConnectError("too much is unfinished", Code.ResourceExhausted);
      }
    } catch (error) {
      if (error instanceof TooManyPieces) {
        this.#options.connection?.harm();
        this.cut(error.message);
        return;
      }
      const malformed = new PaymentError("MALFORMED_REQUEST", "a message is malformed");
      this.end(error instanceof ConnectError ? error : this.#options.toConnectError(malformed));
    }
    this.#watchUnfinished();
  }

  /** While this side does not read, a message that is unfinished is its own doing. */
  #watchUnfinished(): void {
    const isWaiting = this.#isReading && !this.isAtBoundary && !this.inbox.isEnded;
    if (!isWaiting) {
      this.#unfinishedTimer?.cancel();
      this.#unfinishedTimer = undefined;
      return;
    }
    if (this.#unfinishedTimer !== undefined) return;
    const { clock, limits } = this.#options;
    const framesBefore = this.framesReceived;
    this.#unfinishedTimer = clock.timer(limits.messageMsMax, () => {
      this.#unfinishedTimer = undefined;
      // Under load a message is always unfinished, but not always the same one.
      if (this.framesReceived > framesBefore) this.#watchUnfinished();
      else this.end(new ConnectError("a message was not finished", Code.DeadlineExceeded));
    });
  }
}
