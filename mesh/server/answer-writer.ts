import type { ServerResponse } from "node:http";
import { constants, type Http2ServerResponse } from "node:http2";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import type { Clock, Timer } from "../clock.ts";
import { NOT_KEPT } from "../stream/grpc-trailers.ts";
import type { HeldBytes, HeldShare } from "../stream/held-bytes.ts";
import type { ServerLimits } from "./server-limits.ts";

/** One DATA frame. A long answer is sent in such pieces, so that a slow reader is seen to read. */
const PIECE_BYTES = 16_384;

/** The answer was cut off because its caller does not read. */
class NotRead extends Error {
  override readonly name = "NotRead";
}

/**
 * Sends the answers of the general path. A caller that does not read is cut off after a while, or
 * at once when its answers take more than it may make this side hold.
 */
export class AnswerWriter {
  readonly #response: Response;
  readonly #clock: Clock;
  readonly #stallMsMax: number;
  readonly #held: HeldShare;
  readonly #closed: Promise<void>;
  #isClosed = false;

  /** @param held what the peer may make this side hold. */
  constructor(
    response: ServerResponse | Http2ServerResponse,
    held: HeldBytes,
    { stallMsMax }: Pick<ServerLimits, "stallMsMax">,
    clock: Clock,
  ) {
    // What is used of them is the same; TypeScript cannot call a method of one or the other.
    this.#response = response as Response;
    this.#clock = clock;
    this.#stallMsMax = stallMsMax;
    this.#held = held.share();
    this.#closed = new Promise((resolve) => {
      response.on("close", () => {
        this.#isClosed = true;
        this.#held.set(0);
        resolve();
      });
    });
  }

  /**
   * A gRPC answer without any message becomes headers alone ("Trailers-Only"). Only then may a
   * client repeat the call: once it has seen headers, it takes the answer as begun.
   *
   * @throws NotRead, after it has cut the caller off; whatever the answer's messages throw.
   */
  async write({ status, header, body, trailer }: UniversalServerResponse): Promise<void> {
    const messages = body?.[Symbol.asyncIterator]() ?? NO_MESSAGES;
    try {
      let message = await messages.next();
      const isTrailersOnly = message.done === true && body !== undefined;
      this.#response.statusCode = status;
      const more = isTrailersOnly ? (trailer ?? []) : [];
      const headers = [...(header ?? []), ...Object.entries(NOT_KEPT), ...more];
      for (const [name, value] of headers) this.#response.setHeader(name, value);
      for (; message.done !== true; message = await messages.next()) {
        await this.#send(message.value);
      }
      if (!isTrailersOnly) this.#response.addTrailers(Object.fromEntries(trailer ?? []));
    } catch (error) {
      // The handler must hear that nobody listens any more.
      await messages.throw?.(error).catch(() => undefined);
      throw error;
    }
    this.#response.end();
    using _patience = this.#patience();
    await this.#closed;
  }

  async #send(message: Uint8Array): Promise<void> {
    this.#hold(message.byteLength);
    for (let offset = 0; offset < message.byteLength; offset += PIECE_BYTES) {
      if (this.#isClosed) throw new NotRead("the caller is gone");
      const piece = message.subarray(offset, offset + PIECE_BYTES);
      if (this.#response.write(piece)) continue;
      using _patience = this.#patience();
      await Promise.race([this.#drained(), this.#closed]);
    }
    this.#hold(0);
  }

  /** Counts what the transport has not sent yet, and `moreBytes`. */
  #hold(moreBytes: number): void {
    if (this.#isClosed) return;
    if (this.#held.set(this.#response.writableLength + moreBytes)) return;
    this.cut();
    throw new NotRead("the caller leaves too much unread");
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#response.once("drain", () => resolve());
    });
  }

  #patience(): Timer {
    return this.#clock.timer(this.#stallMsMax, () => this.cut());
  }

  /** Ends the call at once; nobody is told why. */
  cut(): void {
    const { stream } = this.#response;
    if (stream === undefined) this.#response.destroy();
    else stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}

type Response = ServerResponse & Partial<Pick<Http2ServerResponse, "stream">>;

const NO_MESSAGES: AsyncIterator<Uint8Array> = {
  next: () => Promise.resolve({ done: true, value: undefined }),
};
