import { SealedDataRejected } from "../sealing/sealed-data-rejected.ts";
import type { SaltCipher } from "./cipher.ts";
import { buildApp, parseApp } from "./packets.ts";
import type { SaltTimes } from "./times.ts";

/** With what the contract puts around it, a packet stays under the 64 KiB that servers read. */
export const appDataBytesMax = 60 * 1_024;

/**
 * An established Salt Channel v2: application data in, packets out, and back. The handshakes are in
 * `salt-client.ts` (the reader) and `salt-server.ts` (the terminal).
 *
 * The peer has proved that it holds `peerPublicKey`, and nothing more: whoever gets a channel
 * checks that key against a certificate before it believes or obeys anything.
 */
export class SaltChannel {
  /** The peer's Ed25519 identity, 32 bytes. */
  readonly peerPublicKey: Uint8Array;
  readonly #cipher: SaltCipher;
  readonly #times: SaltTimes;

  constructor(peerPublicKey: Uint8Array, cipher: SaltCipher, times: SaltTimes) {
    this.peerPublicKey = peerPublicKey;
    this.#cipher = cipher;
    this.#times = times;
  }

  /**
   * One packet for `data`; packets are sent in the order in which they were sealed.
   *
   * @throws SealedDataRejected when the session is closed or older than a day.
   */
  seal(data: Uint8Array, nowMs: number): Uint8Array {
    if (data.length > appDataBytesMax) {
      throw new Error(`bug: a packet takes ${appDataBytesMax} bytes, got ${data.length}`);
    }
    const clear = buildApp(this.#times.stamp(nowMs), data);
    try {
      return this.#cipher.seal(clear);
    } finally {
      clear.fill(0); // It may hold a PIN.
    }
  }

  /**
   * The data in the peer's next packet. After a refusal the channel is closed: say nothing to the
   * peer and close the stream.
   *
   * @throws SealedDataRejected whatever is wrong.
   */
  open(packet: Uint8Array, nowMs: number): Uint8Array {
    return this.#cipher.open(packet, (clear) => {
      const { timeMs, data } = parseApp(clear);
      if (data.length > appDataBytesMax) throw new SealedDataRejected("length");
      this.#times.check(timeMs, nowMs);
      return data;
    });
  }

  /** Wipes the key. Nothing opens afterwards. */
  close(): void {
    this.#cipher.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
