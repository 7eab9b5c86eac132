import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { type Drain, DrainReason } from "../../gen/cardlane/mesh/v1/stream_pb.ts";
import type { Timer } from "../clock.ts";
import { BackOff } from "../retry/back-off.ts";
import type { Surroundings } from "../surroundings.ts";
import type { FrameStream, StreamEnd } from "./frame-stream.ts";
import type { Speaker } from "./hello.ts";
import type { LifeFrame, LiveStream } from "./live-stream.ts";
import { liveStream } from "./stream-life.ts";

const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 10_000;
/** A server that stops is not kept waiting for longer, though no other one was found meanwhile. */
const LEAVE_AFTER_MS = 1_000;

/**
 * Keeps one stream to a server open: reconnects with back-off, and moves to a new stream before the
 * old one is closed when the server asks for it (Drain). A server that stops is left after a second
 * in any case: what is on its way is still answered, and new frames wait for another stream.
 *
 * Every stream it opens has a number, counted from 1. The owner remembers with what number it sent
 * each request; when `onOver(number)` comes, what was sent with that number and is still unanswered
 * must be sent again (it is idempotent by its own id). Nothing else is ever lost.
 */
export interface LastingStream<Out> extends AsyncDisposable {
  /** Number of the stream that `send` uses now; 0 while there is none. */
  readonly number: number;
  /** What the peer's wall clock says; undefined without a stream, or when it does not say. */
  readonly peerTimeMs: number | undefined;
  /** It was known, and this machine's clock has jumped since, or stood still. */
  readonly isPeerTimeLost: boolean;
  /** False while there is no stream or its peer reads slowly. */
  readonly isWritable: boolean;
  /** @returns the number of the stream that took the frame; 0 when there is none: not sent. */
  send(frame: Out): number;
  /** Closes in an orderly way: resolves when the peer has closed too, or the stream was lost. */
  close(): Promise<void>;
}

interface LastingStreamOptions<OutDesc extends DescMessage, In extends LifeFrame>
  extends Speaker,
    Pick<Surroundings, "clock"> {
  /** Opens a stream: `() => channel.openStream(method)`. */
  readonly open: () => FrameStream<MessageShape<OutDesc>, In>;
  readonly schema: OutDesc;
  /** From 0 up to 1. */
  readonly jitter: () => number;
  readonly onFrame: (frame: In, number: number) => void;
  /** A stream is open (both Hellos are there) and `send` uses it from now on. */
  readonly onUp?: (number: number) => void;
  /** A stream is over, for whatever reason. Comes after its last frame. */
  readonly onOver?: (number: number, end: StreamEnd) => void;
  /** `isWritable` is true again. */
  readonly onWritable?: () => void;
}

export function lastingStream<OutDesc extends DescMessage, In extends LifeFrame>(
  options: LastingStreamOptions<OutDesc, In>,
): LastingStream<MessageShape<OutDesc>> {
  return new Lasting(options);
}

class Lasting<OutDesc extends DescMessage, In extends LifeFrame>
  implements LastingStream<MessageShape<OutDesc>>
{
  readonly #options: LastingStreamOptions<OutDesc, In>;
  readonly #streams = new Map<number, LiveStream<MessageShape<OutDesc>, In>>();
  #lastNumber = 0;
  #current = 0;
  /** The number of the stream that is being opened, if any. */
  #opening = 0;
  #isSlow = false;
  readonly #backOff: BackOff;
  #retryTimer: Timer | undefined;
  #isClosing = false;
  readonly #closed = Promise.withResolvers<void>();

  constructor(options: LastingStreamOptions<OutDesc, In>) {
    this.#options = options;
    const { jitter } = options;
    this.#backOff = new BackOff({ msMin: RETRY_MS_MIN, msMax: RETRY_MS_MAX, jitter });
    this.#open();
  }

  get number(): number {
    return this.#current;
  }

  get isPeerTimeLost(): boolean {
    return this.#streams.get(this.#current)?.isPeerTimeLost ?? false;
  }

  get peerTimeMs(): number | undefined {
    return this.#streams.get(this.#current)?.peerTimeMs;
  }

  get isWritable(): boolean {
    return this.#current !== 0 && !this.#isSlow;
  }

  send(frame: MessageShape<OutDesc>): number {
    const stream = this.#streams.get(this.#current);
    if (stream === undefined) return 0;
    this.#isSlow = !stream.send(frame);
    return this.#current;
  }

  close(): Promise<void> {
    this.#isClosing = true;
    this.#retryTimer?.cancel();
    this.#current = 0;
    for (const stream of this.#streams.values()) stream.close();
    this.#settleClosed();
    return this.#closed.promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #open(): void {
    if (this.#isClosing || this.#opening !== 0) return;
    const number = ++this.#lastNumber;
    this.#opening = number;
    const live = liveStream(this.#options.open(), { ...this.#options, role: "client" });
    this.#streams.set(number, live);
    live.onOpen(() => this.#opened(number));
    live.onFrame((frame) => this.#options.onFrame(frame, number));
    let leaving: Timer | undefined;
    live.onDrain(({ reason }: Drain) => {
      this.#open();
      if (reason === DrainReason.SHUTDOWN) leaving = this.#leaveSoon(number);
    });
    live.onWritable(() => this.#writable(number));
    live.onEnd((end) => {
      leaving?.cancel();
      this.#over(number, end);
    });
  }

  #leaveSoon(number: number): Timer {
    return this.#options.clock.timer(LEAVE_AFTER_MS, () => {
      if (number === this.#current) this.#current = 0;
      this.#streams.get(number)?.close();
    });
  }

  #opened(number: number): void {
    this.#opening = 0;
    this.#backOff.reset();
    if (this.#isClosing) return;
    const previous = this.#streams.get(this.#current);
    this.#current = number;
    this.#isSlow = false;
    // Only now: until here the old stream went on taking requests.
    previous?.close();
    this.#options.onUp?.(number);
  }

  #writable(number: number): void {
    if (number !== this.#current) return;
    this.#isSlow = false;
    this.#options.onWritable?.();
  }

  #over(number: number, end: StreamEnd): void {
    this.#streams.delete(number);
    const isReplaced = number !== this.#current && number !== this.#opening;
    if (number === this.#opening) this.#opening = 0;
    if (number === this.#current) this.#current = 0;
    this.#options.onOver?.(number, end);
    if (this.#isClosing) this.#settleClosed();
    else if (!isReplaced) this.#retryLater();
  }

  #retryLater(): void {
    if (this.#opening !== 0) return;
    this.#retryTimer?.cancel();
    this.#retryTimer = this.#options.clock.timer(this.#backOff.nextMs(), () => this.#open());
  }

  #settleClosed(): void {
    if (this.#streams.size === 0) this.#closed.resolve();
  }
}
