import { equalBytes } from "../sealing/bytes.ts";
import { generateAgreement } from "../sealing/curves/curves.ts";
import { SealedDataRejected } from "../sealing/sealed-data-rejected.ts";
import { SaltChannel } from "./channel.ts";
import { SaltCipher, SERVER_COUNTERS } from "./cipher.ts";
import {
  buildIdentity,
  buildM2,
  challenge,
  parseIdentity,
  parseM1,
  requireOther,
} from "./packets.ts";
import { requireTimeSupport, type SaltSide, SaltTimes } from "./times.ts";

/** Send `m2` and `m3`, then wait for M4. */
export interface SaltServerAnswered {
  readonly m2: Uint8Array;
  readonly m3: Uint8Array;
  /**
   * The channel; its `peerPublicKey` is the client's, to be checked against the client's
   * certificate before anything is sent or believed.
   *
   * @throws SealedDataRejected
   */
  receiveM4(packet: Uint8Array, nowMs: number): SaltChannel;
}

/**
 * Answers a client's M1 with a key pair made for this session.
 *
 * @param arrived M1, as it came.
 * @param side the terminal, with its `terminal_identity`.
 * @throws SealedDataRejected also for a client that asks for another server: the stream is closed
 * without an answer.
 */
export function answerSaltClient(arrived: Uint8Array, side: SaltSide): SaltServerAnswered {
  const { curves, random, signer, nowMs, delayProtection = "required" } = side;
  const m1 = new Uint8Array(arrived);
  const client = parseM1(m1);
  if (client.serverPublicKey !== null && !equalBytes(client.serverPublicKey, signer.publicKey)) {
    throw new SealedDataRejected("no such server");
  }
  requireTimeSupport(delayProtection, client.timeSupported);

  const { agreement, secretKey } = generateAgreement({ curves, random });
  secretKey.fill(0);
  const key = agreement.sharedKey(client.ephemeralPublicKey);
  const cipher = new SaltCipher(key, SERVER_COUNTERS);
  const times = new SaltTimes({ delayProtection, ownEpochMs: nowMs, peerEpochMs: nowMs });
  const timeSupported = delayProtection === "required";
  const m2 = buildM2({ timeSupported, ephemeralPublicKey: agreement.publicKey });
  const m3 = buildIdentity("m3", {
    timeMs: times.stamp(nowMs),
    publicKey: signer.publicKey,
    signature: signer.sign(challenge("SC-SIG01", m1, m2)),
  });
  return {
    m2,
    m3: cipher.seal(m3),
    receiveM4(packet, arrivedMs) {
      const clientPublicKey = cipher.open(packet, (clear) => {
        const { timeMs, publicKey, signature } = parseIdentity("m4", clear);
        times.check(timeMs, arrivedMs);
        times.checkAnswer(arrivedMs);
        requireOther(publicKey, signer.publicKey);
        if (!curves.verifier(publicKey).verify(challenge("SC-SIG02", m1, m2), signature)) {
          throw new SealedDataRejected("channel signature");
        }
        return publicKey;
      });
      return new SaltChannel(clientPublicKey, cipher, times);
    },
  };
}
