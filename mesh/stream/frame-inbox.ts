import { CLEAN_END, type StreamEnd } from "./frame-stream.ts";

/**
 * The receiving half of a FrameStream: holds frames while nobody listens or the listener paused,
 * and gives the end once, after the last frame.
 */
export class FrameInbox<In> {
  readonly #setReading: (wanted: boolean) => void;
  readonly #onHandlerError: (error: unknown) => void;
  #frameHandler: ((frame: In) => void) | undefined;
  #endHandler: ((end: StreamEnd) => void) | undefined;
  #waiting: In[] = [];
  #end: StreamEnd | undefined;
  #isEndGiven = false;
  #isPaused = false;
  #isDelivering = false;

  /**
   * @param setReading tells the transport to go on or stop reading. What it had already read is
   *   held here, so the memory is bounded by one read of the transport.
   * @param onHandlerError gets what a frame handler throws.
   */
  constructor(setReading: (wanted: boolean) => void, onHandlerError: (error: unknown) => void) {
    this.#setReading = setReading;
    this.#onHandlerError = onHandlerError;
  }

  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  push(frame: In): void {
    if (this.#end !== undefined) return;
    if (this.#canDeliver && this.#waiting.length === 0 && !this.#isDelivering) {
      this.#deliver(frame);
      // The handler may have ended the stream, or been answered before it returned.
      if (this.#end !== undefined || this.#waiting.length > 0) this.#flush();
      return;
    }
    this.#waiting.push(frame);
  }

  /** No frame comes after this. The first call counts. */
  finish(end: StreamEnd = CLEAN_END): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    // What a dead stream had not yet delivered is not worth delivering: it will be sent again.
    if (!end.clean) this.#waiting = [];
    this.#flush();
  }

  onFrame(handler: (frame: In) => void): void {
    this.#frameHandler = handler;
    this.#flush();
  }

  onEnd(handler: (end: StreamEnd) => void): void {
    this.#endHandler = handler;
    this.#flush();
  }

  pause(): void {
    this.#isPaused = true;
    this.#setReading(false);
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#flush();
    if (!this.#isPaused) this.#setReading(true);
  }

  get #canDeliver(): boolean {
    return this.#frameHandler !== undefined && !this.#isPaused;
  }

  #deliver(frame: In): void {
    this.#isDelivering = true;
    try {
      this.#frameHandler?.(frame);
    } catch (error) {
      this.#onHandlerError(error);
    } finally {
      this.#isDelivering = false;
    }
  }

  #flush(): void {
    if (this.#isDelivering) return;
    while (this.#canDeliver) {
      const frame = this.#waiting.shift();
      if (frame === undefined) break;
      this.#deliver(frame);
    }
    if (this.#end === undefined || this.#isEndGiven || this.#waiting.length > 0) return;
    if (this.#endHandler === undefined) return;
    this.#isEndGiven = true;
    this.#endHandler(this.#end);
  }
}
