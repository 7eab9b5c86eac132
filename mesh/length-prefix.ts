import { Code, ConnectError } from "@connectrpc/connect";

/** gRPC over HTTP/2, "Length-Prefixed-Message": one flag byte, then the length, big-endian. */
export const prefixBytes = 5;

export function writePrefix(target: Buffer, offset: number, messageBytes: number): void {
  target[offset] = 0;
  target.writeUInt32BE(messageBytes, offset + 1);
}

/** Cuts a byte stream, however it was split on the way, into messages. */
export class MessageSplitter {
  readonly #messageBytesMax: number;
  readonly #onMessage: (bytes: Uint8Array) => void;
  #rest: Buffer[] = [];
  #restBytes = 0;
  /** How many bytes have to be there before another look is worth it. */
  #wantedBytes = prefixBytes;

  constructor(messageBytesMax: number, onMessage: (bytes: Uint8Array) => void) {
    this.#messageBytesMax = messageBytesMax;
    this.#onMessage = onMessage;
  }

  /** Whether the bytes so far end between two messages. */
  get isAtBoundary(): boolean {
    return this.#restBytes === 0;
  }

  /**
   * @throws ConnectError RESOURCE_EXHAUSTED for a message over the limit, as soon as its length is
   *   known; UNIMPLEMENTED for a compressed one; INTERNAL for any other flag.
   */
  push(chunk: Buffer): void {
    if (this.#restBytes + chunk.byteLength < this.#wantedBytes) {
      this.#rest.push(chunk);
      this.#restBytes += chunk.byteLength;
      return;
    }
    const bytes = this.#restBytes === 0 ? chunk : Buffer.concat([...this.#rest, chunk]);
    this.#rest = [];
    this.#restBytes = 0;
    this.#wantedBytes = prefixBytes;
    let offset = 0;
    while (bytes.byteLength - offset >= prefixBytes) {
      const messageBytes = this.#readPrefix(bytes, offset);
      const end = offset + prefixBytes + messageBytes;
      if (end > bytes.byteLength) {
        this.#wantedBytes = prefixBytes + messageBytes;
        break;
      }
      this.#onMessage(bytes.subarray(offset + prefixBytes, end));
      offset = end;
    }
    if (offset < bytes.byteLength) {
      this.#rest.push(bytes.subarray(offset));
      this.#restBytes = bytes.byteLength - offset;
    }
  }

  #readPrefix(bytes: Buffer, offset: number): number {
    const flag = bytes[offset];
    if (flag === 1) {
      throw new ConnectError("compressed messages are not accepted", Code.Unimplemented);
    }
    if (flag !== 0) {
      throw new ConnectError(`message flag must be 0, got ${flag}`, Code.Internal);
    }
    const messageBytes = bytes.readUInt32BE(offset + 1);
    if (messageBytes > this.#messageBytesMax) {
      throw new ConnectError(
        `message must be at most ${this.#messageBytesMax} bytes, got ${messageBytes}`,
        Code.ResourceExhausted,
      );
    }
    return messageBytes;
  }
}
