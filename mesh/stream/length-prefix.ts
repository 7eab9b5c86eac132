import { Code, ConnectError } from "@connectrpc/connect";
import { PaymentError } from "../../payment/errors.ts";
import { wireError } from "../errors-to-wire.ts";
import { MessagePieces, type SmallPieces } from "./message-pieces.ts";

/** gRPC over HTTP/2, "Length-Prefixed-Message": one flag byte, then the length, big-endian. */
export const prefixBytes = 5;

export function writePrefix(target: Buffer, offset: number, messageBytes: number): void {
  target[offset] = 0;
  target.writeUInt32BE(messageBytes, offset + 1);
}

/**
 * What an unfinished message starts with. It grows twofold towards its length, so that neither many
 * small chunks nor a great length with nothing behind it costs more than twice the bytes that came.
 */
const FIRST_BYTES = 1_024;

/** Cuts a byte stream, however it was split on the way, into messages. */
export class MessageSplitter {
  readonly #messageBytesMax: number;
  readonly #onMessage: (bytes: Uint8Array) => void;
  /** Prefix and message as far as they have come; empty between two messages. */
  #unfinished = Buffer.alloc(0);
  #unfinishedBytes = 0;
  /** With the prefix, once it is there. */
  #wholeBytes = prefixBytes;
  readonly #pieces: MessagePieces;

  /** @param small pieces of the connection, where its peer may not cut everything small. */
  constructor(
    messageBytesMax: number,
    onMessage: (bytes: Uint8Array) => void,
    small?: SmallPieces,
  ) {
    this.#messageBytesMax = messageBytesMax;
    this.#onMessage = onMessage;
    this.#pieces = new MessagePieces(small);
  }

  /** Whether the bytes so far end between two messages. */
  get isAtBoundary(): boolean {
    return this.#unfinishedBytes === 0;
  }

  /** What the bytes of an unfinished message cost. */
  get heldBytes(): number {
    return this.#unfinished.byteLength;
  }

  /**
   * @throws ConnectError RESOURCE_EXHAUSTED for a message over the limit, as soon as its length is
   *   known; UNIMPLEMENTED for a compressed one; INVALID_ARGUMENT for any other flag. @throws
   *   TooManyPieces
   */
  push(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.byteLength) {
      offset += this.isAtBoundary ? this.#take(chunk, offset) : this.#complete(chunk, offset);
    }
  }

  /** At a boundary, where a message that is there as a whole is not copied. @returns bytes used. */
  #take(chunk: Buffer, offset: number): number {
    const left = chunk.byteLength - offset;
    if (left < prefixBytes) return this.#hold(chunk, offset);
    const wholeBytes = prefixBytes + this.#readPrefix(chunk, offset);
    if (left < wholeBytes) return this.#hold(chunk, offset);
    this.#pieces.finish();
    this.#onMessage(chunk.subarray(offset + prefixBytes, offset + wholeBytes));
    return wholeBytes;
  }

  /** Inside a message. @returns bytes used. */
  #complete(chunk: Buffer, offset: number): number {
    const used = this.#hold(chunk, offset);
    if (this.#unfinishedBytes < this.#wholeBytes) return used;
    if (this.#wholeBytes === prefixBytes) {
      this.#wholeBytes += this.#readPrefix(this.#unfinished, 0);
      if (this.#wholeBytes > prefixBytes) return used;
    }
    const message = this.#unfinished.subarray(prefixBytes, this.#wholeBytes);
    this.#unfinished = Buffer.alloc(0);
    this.#unfinishedBytes = 0;
    this.#wholeBytes = prefixBytes;
    this.#pieces.finish();
    this.#onMessage(message);
    return used;
  }

  /** Copies up to the end of prefix or message. @returns bytes used. */
  #hold(chunk: Buffer, offset: number): number {
    const used = Math.min(this.#wholeBytes - this.#unfinishedBytes, chunk.byteLength - offset);
    const bytes = this.#unfinishedBytes + used;
    this.#pieces.add(used);
    if (bytes > this.#unfinished.byteLength) {
      const grown = Math.max(bytes, FIRST_BYTES, 2 * this.#unfinished.byteLength);
      const isLengthKnown = this.#wholeBytes > prefixBytes;
      const room = Buffer.allocUnsafeSlow(
        isLengthKnown ? Math.min(grown, this.#wholeBytes) : prefixBytes,
      );
      this.#unfinished.copy(room, 0, 0, this.#unfinishedBytes);
      this.#unfinished = room;
    }
    chunk.copy(this.#unfinished, this.#unfinishedBytes, offset, offset + used);
    this.#unfinishedBytes = bytes;
    return used;
  }

  #readPrefix(bytes: Buffer, offset: number): number {
    const flag = bytes[offset];
    if (flag === 1) {
      throw new ConnectError("compressed messages are not accepted", Code.Unimplemented);
    }
    if (flag !== 0) {
      throw new ConnectError(`message flag must be 0, got ${flag}`, Code.InvalidArgument);
    }
    const messageBytes = bytes.readUInt32BE(offset + 1);
    if (messageBytes > this.#messageBytesMax) {
      const message = `message must be at most ${this.#messageBytesMax} bytes, got ${messageBytes}`;
      throw wireError(new PaymentError("FRAME_TOO_LARGE", message));
    }
    return messageBytes;
  }
}
