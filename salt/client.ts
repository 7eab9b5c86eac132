import { type Curves, generateAgreement, type Signer } from "../sealing/curves/curves.ts";
import { SealedDataRejected } from "../sealing/sealed-data-rejected.ts";
import { SaltChannel } from "./channel.ts";
import { CLIENT_COUNTERS, SaltCipher } from "./cipher.ts";
import {
  buildIdentity,
  buildM1,
  challenge,
  parseIdentity,
  parseM2,
  requireOther,
} from "./packets.ts";
import { requireTimeSupport, type SaltSide, SaltTimes } from "./times.ts";

/** Send `m1`; what comes back is M2, then M3. Each step gives the next and can be taken once. */
export interface SaltClientStarted {
  readonly m1: Uint8Array;
  /** @throws SealedDataRejected */
  receiveM2(m2: Uint8Array, nowMs: number): SaltClientKeyed;
}

export interface SaltClientKeyed {
  /** @throws SealedDataRejected */
  receiveM3(packet: Uint8Array, nowMs: number): SaltServerIdentified;
}

/**
 * The server has proved that it holds this key; the client has not shown its own yet. Check the
 * server's certificate for exactly this key, then call `acceptServer`, or drop this and close.
 */
interface SaltServerIdentified {
  readonly serverPublicKey: Uint8Array;
  /** Shows the client to the server: send `m4`, and with it the channel's first packet. */
  acceptServer(nowMs: number): { readonly m4: Uint8Array; readonly channel: SaltChannel };
}

/**
 * Begins a Salt Channel v2 as the client, the side that stays hidden until it trusts the other.
 *
 * @param side the reader, with its `reader_identity`.
 */
export function startSaltClient(side: SaltSide): SaltClientStarted {
  const { curves, random, signer, nowMs: ownEpochMs, delayProtection = "required" } = side;
  const { agreement, secretKey } = generateAgreement({ curves, random });
  secretKey.fill(0);
  const timeSupported = delayProtection === "required";
  const m1 = buildM1({ timeSupported, ephemeralPublicKey: agreement.publicKey });
  const takeM2 = once();
  return {
    m1,
    receiveM2(m2, nowMs) {
      takeM2();
      const server = parseM2(m2);
      requireTimeSupport(delayProtection, server.timeSupported);
      requireOther(server.ephemeralPublicKey, agreement.publicKey);
      const times = new SaltTimes({ delayProtection, ownEpochMs, peerEpochMs: nowMs });
      times.checkAnswer(nowMs);
      const key = agreement.sharedKey(server.ephemeralPublicKey);
      const cipher = new SaltCipher(key, CLIENT_COUNTERS);
      return keyed({ curves, signer, m1, m2: new Uint8Array(m2), cipher, times });
    },
  };
}

interface Keyed {
  readonly curves: Curves;
  readonly signer: Signer;
  readonly m1: Uint8Array;
  readonly m2: Uint8Array;
  readonly cipher: SaltCipher;
  readonly times: SaltTimes;
}

function keyed(session: Keyed): SaltClientKeyed {
  const { curves, signer, m1, m2, cipher, times } = session;
  return {
    receiveM3(packet, nowMs) {
      const serverPublicKey = cipher.open(packet, (clear) => {
        const { timeMs, publicKey, signature } = parseIdentity("m3", clear);
        times.check(timeMs, nowMs);
        requireOther(publicKey, signer.publicKey);
        if (!curves.verifier(publicKey).verify(challenge("SC-SIG01", m1, m2), signature)) {
          throw new SealedDataRejected("channel signature");
        }
        return publicKey;
      });
      return identified(session, serverPublicKey);
    },
  };
}

function identified(session: Keyed, serverPublicKey: Uint8Array): SaltServerIdentified {
  const { signer, m1, m2, cipher, times } = session;
  const takeAcceptance = once();
  return {
    serverPublicKey,
    acceptServer(nowMs) {
      takeAcceptance();
      const m4 = buildIdentity("m4", {
        timeMs: times.stamp(nowMs),
        publicKey: signer.publicKey,
        signature: signer.sign(challenge("SC-SIG02", m1, m2)),
      });
      return { m4: cipher.seal(m4), channel: new SaltChannel(serverPublicKey, cipher, times) };
    },
  };
}

/** Taking a step twice could use a nonce twice. */
function once(): () => void {
  let isTaken = false;
  return () => {
    if (isTaken) throw new Error("bug: a handshake step is taken once");
    isTaken = true;
  };
}
