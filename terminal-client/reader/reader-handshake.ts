import type { Clock } from "../../mesh/clock.ts";
import type { SaltChannel } from "../../salt/channel.ts";
import { answerSaltClient, type SaltServerAnswered } from "../../salt/server.ts";
import type { Curves, Signer } from "../../sealing/curves/curves.ts";
import type { Random } from "../../sealing/random.ts";

export interface ReaderHandshakeOptions {
  readonly curves: Curves;
  readonly clock: Clock;
  readonly random: Random;
  /** `terminal_identity`. */
  readonly identity: Signer;
}

/** What to do with a packet of the reader during the handshake. */
type HandshakeStep =
  | { readonly kind: "answer"; readonly m2: Uint8Array; readonly m3: Uint8Array }
  /**
   * The reader proved that it holds `channel.peerPublicKey`: whose key that is, is not known yet.
   */
  | { readonly kind: "channel"; readonly channel: SaltChannel };

/** The terminal's side of the handshake with a reader: M1, answered by M2 and M3, then M4. */
export class ReaderHandshake {
  readonly #options: ReaderHandshakeOptions;
  #answered: SaltServerAnswered | undefined;

  constructor(options: ReaderHandshakeOptions) {
    this.#options = options;
  }

  /** @throws SealedDataRejected */
  receive(packet: Uint8Array): HandshakeStep {
    const { curves, random, identity: signer, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    if (this.#answered !== undefined) {
      return { kind: "channel", channel: this.#answered.receiveM4(packet, nowMs) };
    }
    const answered = answerSaltClient({ curves, random, signer, m1: packet, nowMs });
    this.#answered = answered;
    return { kind: "answer", m2: answered.m2, m3: answered.m3 };
  }
}
