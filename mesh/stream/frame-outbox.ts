import type { Clock, Timer } from "../clock.ts";
import { type HeldShare, UNBOUNDED_SHARE } from "./held-bytes.ts";
import { prefixBytes, writePrefix } from "./length-prefix.ts";

/** Above this much waiting, `add` asks the sender to hold back. One HTTP/2 flow-control window. */
const HOLD_BACK_BYTES = 65_536;

/**
 * The sending half of a FrameStream over HTTP/2: frames of one turn of the event loop become one
 * DATA write, and a peer that does not read is cut off instead of being buffered for without bound.
 */
export class FrameOutbox {
  readonly #sink: FrameSink;
  readonly #limits: OutboxLimits;
  readonly #clock: Clock;
  readonly #held: HeldShare;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  /** Taken by the transport, which cannot send them yet. */
  #blockedBytes = 0;
  #isFlushPlanned = false;
  #isBlocked = false;
  #owesWritable = false;
  #isClosed = false;
  #afterLast: (() => void) | undefined;
  #stallTimer: Timer | undefined;
  #writableHandler: (() => void) | undefined;

  constructor(
    sink: FrameSink,
    limits: OutboxLimits,
    clock: Clock,
    held: HeldShare = UNBOUNDED_SHARE,
  ) {
    this.#sink = sink;
    this.#limits = limits;
    this.#clock = clock;
    this.#held = held;
  }

  /** Queues one message without its prefix; false asks to wait for `onWritable`. */
  add(message: Uint8Array): boolean {
    if (this.#isClosed || this.#afterLast !== undefined) return false;
    this.#queue.push(message);
    this.#queuedBytes += message.byteLength + prefixBytes;
    const isRoom = this.#held.set(this.#queuedBytes + this.#blockedBytes);
    if (!isRoom || this.#queuedBytes > this.#limits.queueBytesMax) {
      this.#cut();
      return false;
    }
    this.#planFlush();
    const mayGoOn = !this.#isBlocked && this.#queuedBytes < HOLD_BACK_BYTES;
    if (!mayGoOn) this.#owesWritable = true;
    return mayGoOn;
  }

  onWritable(handler: () => void): void {
    this.#writableHandler = handler;
  }

  /** There is no transport yet: everything waits for the first `transportWritable`. */
  holdUntilWritable(): void {
    this.#isBlocked = true;
  }

  /** The transport takes more again after `write` had returned false. */
  transportWritable(): void {
    if (!this.#isBlocked || this.#isClosed) return;
    this.#isBlocked = false;
    this.#blockedBytes = 0;
    this.#held.set(this.#queuedBytes);
    this.#stallTimer?.cancel();
    this.#flush();
  }

  /** Calls `then` when everything queued has been handed to the transport. */
  finish(then: () => void): void {
    if (this.#isClosed || this.#afterLast !== undefined) return;
    this.#afterLast = then;
    this.#planFlush();
  }

  /** Forgets what is queued; nothing is written or called any more. */
  close(): void {
    this.#isClosed = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#held.set(0);
    this.#stallTimer?.cancel();
  }

  #planFlush(): void {
    if (this.#isFlushPlanned || this.#isBlocked) return;
    this.#isFlushPlanned = true;
    setImmediate(() => {
      this.#isFlushPlanned = false;
      if (!this.#isBlocked && !this.#isClosed) this.#flush();
    });
  }

  #flush(): void {
    if (this.#queue.length > 0) {
      const bytes = join(this.#queue, this.#queuedBytes);
      this.#queue = [];
      this.#queuedBytes = 0;
      const isSent = this.#sink.write(bytes);
      this.#blockedBytes = isSent ? 0 : bytes.byteLength;
      this.#held.set(this.#blockedBytes);
      if (!isSent) {
        this.#isBlocked = true;
        this.#stallTimer = this.#clock.timer(this.#limits.stallMsMax, () => this.#cut());
        return;
      }
    }
    if (this.#afterLast !== undefined) {
      const then = this.#afterLast;
      this.close();
      then();
    } else if (this.#owesWritable) {
      this.#owesWritable = false;
      this.#writableHandler?.();
    }
  }

  #cut(): void {
    if (this.#isClosed) return;
    this.close();
    this.#sink.cut();
  }
}

/** Where joined frames go. */
interface FrameSink {
  /** False when the transport's own buffer is full; `transportWritable` must be called later. */
  write(bytes: Buffer): boolean;
  /** Ends the stream at once because the peer does not read. */
  cut(): void;
}

export interface OutboxLimits {
  /** Bytes that may wait for a slow peer. */
  readonly queueBytesMax: number;
  /** How long a peer may read nothing while bytes wait, in milliseconds. */
  readonly stallMsMax: number;
}

function join(messages: readonly Uint8Array[], totalBytes: number): Buffer {
  const joined = Buffer.allocUnsafe(totalBytes);
  let offset = 0;
  for (const message of messages) {
    writePrefix(joined, offset, message.byteLength);
    joined.set(message, offset + prefixBytes);
    offset += prefixBytes + message.byteLength;
  }
  return joined;
}
