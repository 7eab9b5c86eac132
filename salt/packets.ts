import { concatBytes, equalBytes, isAllZero } from "../sealing/bytes.ts";
import { keyBytes } from "../sealing/curves/curves.ts";
import { sha512 } from "../sealing/curves/hash.ts";
import { signatureBytes } from "../sealing/curves/strict-ed25519.ts";
import { SealedDataRejected } from "../sealing/sealed-data-rejected.ts";

/**
 * The byte layouts of Salt Channel v2 (salt-channel-v2-final2, "Message details"). All integers are
 * little-endian. Every field has one form here: reserved bits that are set are refused.
 */
const PACKET_TYPES = { m1: 1, m2: 2, m3: 3, m4: 4, app: 5, encrypted: 6 } as const;

const protocolIndicator = new TextEncoder().encode("SCv2");
const m1Bytes = 4 + 2 + 4 + keyBytes;
const m2Bytes = 2 + 4 + keyBytes;
const identityBytes = 2 + 4 + keyBytes + signatureBytes;
const appHeadBytes = 2 + 4;

/** M1: bit 0 of the flags says that the server's key follows. */
const serverKeyFlag = 0x01;
/** M2: last packet and "no such server", always together. */
const noSuchServerFlags = 0x81;
/** Bit 7 of an encrypted message's flags: outside the encryption, so anybody could set it. */
const noFlags = 0x00;

interface HandshakeKey {
  /** Whether the sender puts the time into its later packets. */
  readonly timeSupported: boolean;
  /** X25519, made for this session, 32 bytes. */
  readonly ephemeralPublicKey: Uint8Array;
}

export interface Identity {
  /** Milliseconds since the sender's first packet. */
  readonly timeMs: number;
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

export function buildM1(key: HandshakeKey): Uint8Array {
  return concatBytes(protocolIndicator, head(PACKET_TYPES.m1), timeSupport(key));
}

/** `serverPublicKey`: whom the client asks for, when it does. @throws SealedDataRejected */
export function parseM1(m1: Uint8Array): HandshakeKey & {
  readonly serverPublicKey: Uint8Array | null;
} {
  const flags = m1[5];
  const isAddressed = flags === serverKeyFlag;
  if (
    m1.length !== m1Bytes + (isAddressed ? keyBytes : 0) ||
    !protocolIndicator.every((byte, index) => m1[index] === byte) ||
    m1[4] !== PACKET_TYPES.m1 ||
    (flags !== noFlags && !isAddressed)
  ) {
    throw new SealedDataRejected("channel packet");
  }
  return {
    timeSupported: parseTimeSupport(m1.subarray(6, 10)),
    ephemeralPublicKey: m1.slice(10, m1Bytes),
    serverPublicKey: isAddressed ? m1.slice(m1Bytes) : null,
  };
}

export function buildM2(key: HandshakeKey): Uint8Array {
  return concatBytes(head(PACKET_TYPES.m2), timeSupport(key));
}

/** @throws SealedDataRejected also when the server says that it is not the one asked for. */
export function parseM2(m2: Uint8Array): HandshakeKey {
  if (m2.length !== m2Bytes || m2[0] !== PACKET_TYPES.m2) {
    throw new SealedDataRejected("channel packet");
  }
  if (m2[1] === noSuchServerFlags) throw new SealedDataRejected("no such server");
  if (m2[1] !== noFlags) throw new SealedDataRejected("channel flags");
  return {
    timeSupported: parseTimeSupport(m2.subarray(2, 6)),
    ephemeralPublicKey: m2.slice(6),
  };
}

/** M3 (server) or M4 (client), before encryption. */
export function buildIdentity(type: "m3" | "m4", identity: Identity): Uint8Array {
  const { timeMs, publicKey, signature } = identity;
  return concatBytes(head(PACKET_TYPES[type]), u32(timeMs), publicKey, signature);
}

/** @throws SealedDataRejected */
export function parseIdentity(type: "m3" | "m4", clear: Uint8Array): Identity {
  if (clear.length !== identityBytes) throw new SealedDataRejected("channel packet");
  const timeMs = parseHead(PACKET_TYPES[type], clear);
  const signatureOffset = identityBytes - signatureBytes;
  return {
    timeMs,
    publicKey: clear.slice(appHeadBytes, signatureOffset),
    signature: clear.slice(signatureOffset),
  };
}

/** An AppPacket, before encryption. */
export function buildApp(timeMs: number, data: Uint8Array): Uint8Array {
  return concatBytes(head(PACKET_TYPES.app), u32(timeMs), data);
}

/** Several messages in one packet (type 11) are refused: nothing here sends them. */
export function parseApp(clear: Uint8Array): {
  readonly timeMs: number;
  readonly data: Uint8Array;
} {
  if (clear.length < appHeadBytes) throw new SealedDataRejected("channel packet");
  return { timeMs: parseHead(PACKET_TYPES.app, clear), data: clear.slice(appHeadBytes) };
}

export function buildEncrypted(box: Uint8Array): Uint8Array {
  return concatBytes(head(PACKET_TYPES.encrypted), box);
}

/** The box inside. A packet that calls itself the last is refused: the flag proves nothing. */
export function parseEncrypted(packet: Uint8Array): Uint8Array {
  if (packet[0] !== PACKET_TYPES.encrypted) throw new SealedDataRejected("channel packet");
  if (packet[1] !== noFlags) throw new SealedDataRejected("channel flags");
  return packet.subarray(2);
}

/**
 * What a side signs: its prefix ‖ SHA-512(M1) ‖ SHA-512(M2), 136 bytes. The specification's table
 * counts 104, against its own formula and vectors.
 */
export function challenge(
  prefix: "SC-SIG01" | "SC-SIG02",
  m1: Uint8Array,
  m2: Uint8Array,
): Uint8Array {
  return concatBytes(new TextEncoder().encode(prefix), sha512(m1), sha512(m2));
}

function head(type: number): Uint8Array {
  return Uint8Array.of(type, noFlags);
}

/** Gives the time field. */
function parseHead(type: number, clear: Uint8Array): number {
  if (clear[0] !== type) throw new SealedDataRejected("channel packet");
  if (clear[1] !== noFlags) throw new SealedDataRejected("channel flags");
  const timeMs = new DataView(clear.buffer, clear.byteOffset).getUint32(2, true);
  if (timeMs >= 2 ** 31) throw new SealedDataRejected("channel time");
  return timeMs;
}

function timeSupport({ timeSupported, ephemeralPublicKey }: HandshakeKey): Uint8Array {
  return concatBytes(u32(timeSupported ? 1 : 0), ephemeralPublicKey);
}

function parseTimeSupport(field: Uint8Array): boolean {
  const isKnown = (field[0] ?? 0) <= 1 && isAllZero(field.subarray(1));
  if (!isKnown) throw new SealedDataRejected("channel time");
  return field[0] === 1;
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/**
 * A peer that shows one's own key is one's own packets sent back.
 *
 * @throws SealedDataRejected when the keys are equal.
 */
export function requireOther(peerPublicKey: Uint8Array, ownPublicKey: Uint8Array): void {
  if (equalBytes(peerPublicKey, ownPublicKey)) throw new SealedDataRejected("channel reflected");
}
