import { Code, ConnectError } from "@connectrpc/connect";
import { FrameInbox } from "./frame-inbox.ts";
import {
  CLEAN_END,
  type ExplainEnd,
  endWith,
  type FrameStream,
  ownDraining,
  type Peer,
  type StreamEnd,
} from "./frame-stream.ts";

/** Frames that may wait for a caller that reads slowly, before it is cut off. */
const WAITING_FRAMES_MAX = 1_024;
/** From here on `send` asks to hold back. */
const HOLD_BACK_FRAMES = 64;

/**
 * A FrameStream on top of the async iterables that Connect gives: the same handlers then serve
 * gRPC-Web, Connect and gRPC with JSON. For a server's side.
 */
export class IterableFrameStream<Out, In> implements FrameStream<Out, In> {
  readonly peer: Peer;
  readonly draining: AbortSignal;
  readonly #over = new AbortController();
  readonly #inbox: FrameInbox<In>;
  readonly #toConnectError: (error: unknown) => ConnectError;
  #outgoing: Out[] = [];
  #status: ConnectError | undefined;
  #isEnding = false;
  #owesWritable = false;
  #writableHandler: (() => void) | undefined;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;
  #isReading = true;
  #explain: ExplainEnd = (status) => status;

  constructor(options: IterableFrameStreamOptions<In>) {
    this.peer = options.peer;
    this.draining = ownDraining(options.draining, this.signal);
    this.#toConnectError = options.toConnectError;
    this.#inbox = new FrameInbox(
      (wanted) => this.#setReading(wanted),
      (error) => this.end(options.toConnectError(error)),
    );
    options.signal.addEventListener("abort", () => this.#abort(options.signal.reason));
    void this.#read(options.frames);
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  send(frame: Out): boolean {
    if (this.#isEnding) return false;
    this.#outgoing.push(frame);
    this.#wakeWriter?.();
    if (this.#outgoing.length > WAITING_FRAMES_MAX) {
      this.#outgoing = [];
      this.end(new ConnectError("the client reads too slowly", Code.ResourceExhausted));
      return false;
    }
    this.#owesWritable ||= this.#outgoing.length >= HOLD_BACK_FRAMES;
    return !this.#owesWritable;
  }

  onWritable(handler: () => void): void {
    this.#writableHandler = handler;
  }

  onFrame(handler: (frame: In) => void): void {
    this.#inbox.onFrame(handler);
  }

  onEnd(handler: (end: StreamEnd) => void): void {
    this.#inbox.onEnd(handler);
  }

  pause(): void {
    this.#inbox.pause();
  }

  resume(): void {
    this.#inbox.resume();
  }

  end(status?: ConnectError): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#status = status && this.#explain(status);
    if (status !== undefined) this.#inbox.finish(endWith(status));
    this.#wakeWriter?.();
  }

  explainEnd(explain: ExplainEnd): void {
    this.#explain = explain;
  }

  /** What the handler sends, until it ends the stream. */
  async *outgoing(): AsyncGenerator<Out, void, undefined> {
    try {
      for (;;) {
        yield* this.#outgoing.splice(0);
        if (this.#outgoing.length > 0) continue;
        if (this.#owesWritable) {
          this.#owesWritable = false;
          this.#writableHandler?.();
          continue;
        }
        if (this.#isEnding) break;
        await new Promise<void>((resolve) => {
          this.#wakeWriter = resolve;
        });
      }
      if (this.#status !== undefined) throw this.#status;
    } finally {
      this.#close();
    }
  }

  async #read(frames: AsyncIterable<In>): Promise<void> {
    try {
      for await (const frame of frames) {
        this.#inbox.push(frame);
        if (this.#over.signal.aborted) return;
        if (!this.#isReading) {
          await new Promise<void>((resolve) => {
            this.#wakeReader = resolve;
          });
        }
      }
      this.#inbox.finish(CLEAN_END);
    } catch (error) {
      this.#abort(error);
    }
  }

  #setReading(wanted: boolean): void {
    this.#isReading = wanted;
    if (wanted) this.#wakeReader?.();
  }

  /** The deadline is over, the client went away, or it sent what cannot be read. */
  #abort(reason: unknown): void {
    const error =
      reason instanceof ConnectError
        ? reason
        : new ConnectError("the call was ended", Code.Canceled);
    // The status first: a handler that hears of the end may end the stream as if all was well.
    this.end(this.#toConnectError(error));
    this.#inbox.finish(endWith(error));
  }

  #close(): void {
    this.#isEnding = true;
    this.#outgoing = [];
    this.#inbox.finish(endWith(new ConnectError("the peer went away", Code.Canceled)));
    this.#wakeReader?.();
    this.#over.abort();
  }
}

interface IterableFrameStreamOptions<In> {
  readonly frames: AsyncIterable<In>;
  readonly peer: Peer;
  /** Of the handler's context: deadline, cancelled, shutdown. */
  readonly signal: AbortSignal;
  /** Of the server. */
  readonly draining: AbortSignal;
  readonly toConnectError: (error: unknown) => ConnectError;
}
