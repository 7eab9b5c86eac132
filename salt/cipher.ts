import { nonceBytes, secretBox } from "../sealing/curves/secret-box.ts";
import { SealedDataRejected } from "../sealing/sealed-data-rejected.ts";
import { buildEncrypted, parseEncrypted } from "./packets.ts";

/** First counters of each side. The two use one key, so their nonces must never meet. */
export const CLIENT_COUNTERS = { send: 1, receive: 2 };
export const SERVER_COUNTERS = { send: 2, receive: 1 };

/** Two thousand million packets; long before, the session is too old. */
const counterMax = 2 ** 32 - 1;

/**
 * The encryption of one Salt Channel session. The nonce is the packet's number, which is not sent:
 * a packet that is lost, repeated or out of order does not open. After the first failure, and after
 * `close`, nothing opens and nothing is sealed any more.
 */
export class SaltCipher {
  readonly #key: Uint8Array;
  #sendCounter: number;
  #receiveCounter: number;
  #isOpen = true;

  /** @param key 32 bytes, which the cipher wipes in the end. */
  constructor(key: Uint8Array, counters: { readonly send: number; readonly receive: number }) {
    this.#key = key;
    this.#sendCounter = counters.send;
    this.#receiveCounter = counters.receive;
  }

  seal(clear: Uint8Array): Uint8Array {
    this.#requireUsable(this.#sendCounter);
    const box = secretBox.seal(clear, nonce(this.#sendCounter), this.#key);
    this.#sendCounter += 2;
    return buildEncrypted(box);
  }

  /**
   * Gives the peer's next packet to `read`, and what that makes of it.
   *
   * @throws SealedDataRejected when it does not open or `read` refuses it, and then for ever.
   */
  open<Content>(packet: Uint8Array, read: (clear: Uint8Array) => Content): Content {
    this.#requireUsable(this.#receiveCounter);
    try {
      const clear = secretBox.open(parseEncrypted(packet), nonce(this.#receiveCounter), this.#key);
      if (clear === null) throw new SealedDataRejected("box");
      this.#receiveCounter += 2;
      return read(clear);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#isOpen = false;
    this.#key.fill(0);
  }

  #requireUsable(counter: number): void {
    if (counter > counterMax) this.close();
    if (!this.#isOpen) throw new SealedDataRejected("channel closed");
  }
}

/** 8-byte little-endian counter, then 16 zero bytes. */
function nonce(counter: number): Uint8Array {
  const bytes = new Uint8Array(nonceBytes);
  new DataView(bytes.buffer).setUint32(0, counter, true);
  return bytes;
}
