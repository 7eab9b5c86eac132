import type { Clock } from "../mesh/clock.ts";
import type { FrameStream, StreamEnd } from "../mesh/stream/frame-stream.ts";
import { ContractBroken } from "./check.ts";

/** How long an implementation may take for one frame. */
const ANSWER_MS_MAX = 10_000;

/** A frame's oneof, as protobuf-es has it. */
export interface Framed {
  readonly frame: { readonly case: string | undefined; readonly value?: unknown };
}

/** A stream, one frame after the other. Heartbeats of the other side are passed over. */
export class Conversation<Out, In extends Framed> implements Disposable {
  readonly #stream: FrameStream<Out, In>;
  readonly #clock: Clock;
  readonly #frames: In[] = [];
  #end: StreamEnd | undefined;
  #wake: () => void = () => undefined;

  constructor(stream: FrameStream<Out, In>, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
    stream.onFrame((frame) => {
      if (frame.frame.case !== "heartbeat") this.#frames.push(frame);
      this.#wake();
    });
    stream.onEnd((end) => {
      this.#end = end;
      this.#wake();
    });
  }

  say(...frames: readonly Out[]): void {
    for (const frame of frames) this.#stream.send(frame);
  }

  /** What is in the next frame, which must be of this kind. @throws ContractBroken */
  async hear<Value>(kind: NonNullable<In["frame"]["case"]>): Promise<Value> {
    await this.#until(() => this.#frames.length > 0 || this.#end !== undefined, kind);
    const frame = this.#frames.shift()?.frame;
    if (frame?.case === kind) return frame.value as Value;
    const got = frame === undefined ? `the end, "${this.#end?.message}"` : frame.case;
    throw new ContractBroken(`expected ${kind}, got ${got}`);
  }

  /** How the other side ended it. Frames before that do not matter. @throws ContractBroken */
  async over(): Promise<StreamEnd> {
    await this.#until(() => this.#end !== undefined, "the end of the stream");
    return this.#end ?? this.over();
  }

  [Symbol.dispose](): void {
    this.#stream.end();
  }

  async #until(isTrue: () => boolean, expected: string): Promise<void> {
    const late = Promise.withResolvers<never>();
    using _timer = this.#clock.timer(ANSWER_MS_MAX, () => {
      late.reject(new ContractBroken(`expected ${expected}, got nothing for 10 s`));
    });
    while (!isTrue()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await Promise.race([promise, late.promise]);
    }
  }
}
