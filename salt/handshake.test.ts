import { describe, expect, test } from "vitest";
import { generateAgreement, generateSigner, type Signer } from "../sealing/curves/curves.ts";
import { nodeCurves } from "../sealing/curves/node-curves.ts";
import { withOneBitFlipped } from "../sealing/testing/one-bit-flipped.ts";
import { refusalOf } from "../sealing/testing/refusal-of.ts";
import { seededRandom } from "../sealing/testing/seeded-random.ts";
import { CLIENT_COUNTERS, SaltCipher } from "./cipher.ts";
import { startSaltClient } from "./client.ts";
import { buildIdentity, challenge } from "./packets.ts";
import { answerSaltClient } from "./server.ts";
import type { SaltSide } from "./times.ts";

const curves = nodeCurves;
const random = seededRandom(101);
const reader = generateSigner({ curves, random }).signer;
const terminal = generateSigner({ curves, random }).signer;

/** The same session each time, so that packets of one fit into the next. */
const client = (changes: Partial<SaltSide> = {}) =>
  startSaltClient({
    curves,
    random: seededRandom(102),
    signer: reader,
    nowMs: 1_000,
    ...changes,
  });
const server = (m1: Uint8Array, changes: Partial<SaltSide> = {}) =>
  answerSaltClient(m1, {
    curves,
    random: seededRandom(103),
    signer: terminal,
    nowMs: 500_000,
    ...changes,
  });
/** Key of order 1, R = identity, S = 0. */
const anybodysSigner: Signer = {
  publicKey: new Uint8Array(32).fill(1, 0, 1),
  keyId: new Uint8Array(8),
  sign: () => new Uint8Array(64).fill(1, 0, 1),
};
const { m1 } = client();
const { m2, m3 } = server(m1);
const { m4 } = client().receiveM2(m2, 1_000).receiveM3(m3, 1_000).acceptServer(1_000);

test("reader and terminal know each other's keys after four packets", () => {
  const started = client();
  const answered = server(started.m1);
  const identified = started.receiveM2(answered.m2, 1_050).receiveM3(answered.m3, 1_060);
  expect(identified.serverPublicKey).toEqual(terminal.publicKey);
  const { m4, channel } = identified.acceptServer(1_100);
  const peer = answered.receiveM4(m4, 500_120);
  expect(peer.peerPublicKey).toEqual(reader.publicKey);
  const packet = channel.seal(Uint8Array.of(1, 2), 1_200);
  expect(peer.open(packet, 500_210)).toEqual(Uint8Array.of(1, 2));
  expect([started.m1, answered.m2, answered.m3, m4].map((each) => each.length)).toEqual([
    42, 38, 120, 120,
  ]);
});

test("the reader's key is in nothing it sends before it accepts the server", () => {
  expect(Buffer.from(m1).includes(reader.publicKey)).toBe(false);
});

describe("the server refuses M1 with", () => {
  test.each([
    { name: "one byte less", change: () => m1.subarray(0, 41), reason: "channel packet" },
    { name: "one byte more", change: () => longer(m1, 43), reason: "channel packet" },
    { name: "no bytes", change: () => m1.subarray(0, 0), reason: "channel packet" },
    { name: "another version", change: () => m1.with(3, 0x33), reason: "channel packet" },
    { name: "another type", change: () => m1.with(4, 2), reason: "channel packet" },
    { name: "a reserved bit", change: () => m1.with(5, 2), reason: "channel packet" },
    { name: "a server's key announced", change: () => m1.with(5, 1), reason: "channel packet" },
    { name: "a server's key unannounced", change: () => longer(m1, 74), reason: "channel packet" },
    { name: "time support 2", change: () => m1.with(6, 2), reason: "channel time" },
    { name: "time support 256", change: () => m1.with(7, 1), reason: "channel time" },
    { name: "no time", change: () => m1.with(6, 0), reason: "channel time" },
    { name: "a key of low order", change: () => m1.slice().fill(0, 10), reason: "shared key" },
    {
      name: "another server's key",
      change: () => longer(m1, 74).with(5, 1),
      reason: "no such server",
    },
  ])("$name", ({ change, reason }) => {
    expect(refusalOf(() => server(change()))).toBe(reason);
  });

  test("nothing when it names this server", () => {
    const addressed = longer(m1, 74).with(5, 1);
    addressed.set(terminal.publicKey, 42);
    expect(server(addressed).m2).toHaveLength(38);
  });
});

describe("the client refuses M2 with", () => {
  test.each([
    { name: "one byte less", change: () => m2.subarray(0, 37), reason: "channel packet" },
    { name: "one byte more", change: () => longer(m2, 39), reason: "channel packet" },
    { name: "another type", change: () => m2.with(0, 3), reason: "channel packet" },
    { name: "no such server", change: () => m2.with(1, 0x81), reason: "no such server" },
    { name: "the last flag alone", change: () => m2.with(1, 0x80), reason: "channel flags" },
    { name: "no such server alone", change: () => m2.with(1, 0x01), reason: "channel flags" },
    { name: "a reserved bit", change: () => m2.with(1, 0x02), reason: "channel flags" },
    { name: "time support 2", change: () => m2.with(2, 2), reason: "channel time" },
    { name: "no time", change: () => m2.with(2, 0), reason: "channel time" },
    { name: "a key of low order", change: () => m2.slice().fill(0, 6), reason: "shared key" },
  ])("$name", ({ change, reason }) => {
    expect(refusalOf(() => client().receiveM2(change(), 1_000))).toBe(reason);
  });

  test("its own ephemeral key", () => {
    const reflected = m2.slice();
    reflected.set(m1.subarray(10), 6);
    expect(refusalOf(() => client().receiveM2(reflected, 1_000))).toBe("channel reflected");
  });

  test("an answer after more than 10 s", () => {
    const answered = client().receiveM2(m2, 11_000);
    expect(answered.receiveM3(m3, 11_000).serverPublicKey).toEqual(terminal.publicKey);
    expect(refusalOf(() => client().receiveM2(m2, 11_001))).toBe("channel time");
  });
});

test.each([
  {
    name: "M1",
    packet: m1,
    run: (changed: Uint8Array) => {
      const answered = server(changed);
      return client().receiveM2(answered.m2, 1_000).receiveM3(answered.m3, 1_000).serverPublicKey;
    },
    proven: terminal.publicKey,
  },
  {
    name: "M2",
    packet: m2,
    run: (changed: Uint8Array) =>
      client().receiveM2(changed, 1_000).receiveM3(m3, 1_000).serverPublicKey,
    proven: terminal.publicKey,
  },
  {
    name: "M3",
    packet: m3,
    run: (changed: Uint8Array) =>
      client().receiveM2(m2, 1_000).receiveM3(changed, 1_000).serverPublicKey,
    proven: terminal.publicKey,
  },
  {
    name: "M4",
    packet: m4,
    run: (changed: Uint8Array) => server(m1).receiveM4(changed, 500_000).peerPublicKey,
    proven: reader.publicKey,
  },
])("one flipped bit in any byte of $name is refused", ({ packet, run, proven }) => {
  expect(run(packet)).toEqual(proven);
  const reasons = withOneBitFlipped(packet).map((changed) => refusalOf(() => run(changed)));
  expect(reasons).toHaveLength(packet.length);
});

test("the bit of an ephemeral key that X25519 does not use is signed as well", () => {
  const answered = server(m1.with(41, (m1[41] ?? 0) ^ 0x80));
  const keyed = client().receiveM2(answered.m2, 1_000);
  expect(refusalOf(() => keyed.receiveM3(answered.m3, 1_000))).toBe("channel signature");
  const other = client().receiveM2(m2.with(37, (m2[37] ?? 0) ^ 0x80), 1_000);
  expect(refusalOf(() => other.receiveM3(m3, 1_000))).toBe("channel signature");
});

describe("M3 and M4 are refused when", () => {
  const stranger = generateSigner({ curves, random }).signer;

  test("they come from another session", () => {
    const other = server(m1, { random });
    expect(refusalOf(() => client().receiveM2(m2, 1_000).receiveM3(other.m3, 1_000))).toBe("box");
    expect(refusalOf(() => other.receiveM4(m4, 500_000))).toBe("box");
  });

  test.each([
    {
      name: "show the receiver's own key",
      m3Signer: reader,
      m4Signer: terminal,
      reason: "channel reflected",
    },
    {
      name: "show a key that the sender does not hold",
      m3Signer: { ...stranger, publicKey: terminal.publicKey },
      m4Signer: { ...stranger, publicKey: reader.publicKey },
      reason: "channel signature",
    },
    {
      name: "show a key for which anybody can sign",
      m3Signer: anybodysSigner,
      m4Signer: anybodysSigner,
      reason: "public key",
    },
  ])("they $name", ({ m3Signer, m4Signer, reason }) => {
    const pretended = server(m1, { signer: m3Signer });
    const keyed = client().receiveM2(pretended.m2, 1_000);
    expect(refusalOf(() => keyed.receiveM3(pretended.m3, 1_000))).toBe(reason);
    const { answered, pretendedM4 } = m4From(m4Signer);
    expect(refusalOf(() => answered.receiveM4(pretendedM4, 500_000))).toBe(reason);
  });

  test("they carry the other side's prefix", () => {
    const sign = () => reader.sign(challenge("SC-SIG01", m1, m2));
    const { answered, pretendedM4 } = m4From({ ...reader, sign });
    expect(refusalOf(() => answered.receiveM4(pretendedM4, 500_000))).toBe("channel signature");
  });

  test("they were held back for more than 10 s", () => {
    const keyed = client().receiveM2(m2, 1_000);
    expect(refusalOf(() => keyed.receiveM3(m3, 11_001))).toBe("channel time");
    expect(refusalOf(() => server(m1).receiveM4(m4, 510_001))).toBe("channel time");
  });

  test("M4 comes from the future", () => {
    const early = client().receiveM2(m2, 1_000).receiveM3(m3, 1_000).acceptServer(11_001);
    expect(refusalOf(() => server(m1).receiveM4(early.m4, 500_000))).toBe("channel time");
  });

  test("M4 is one byte longer", () => {
    const sign = () => new Uint8Array(65);
    const { answered, pretendedM4 } = m4From({ ...reader, sign });
    expect(refusalOf(() => answered.receiveM4(pretendedM4, 500_000))).toBe("channel packet");
  });

  test("M4 was made late, and sent at once", () => {
    const late = client().receiveM2(m2, 1_000).receiveM3(m3, 1_000).acceptServer(11_001);
    expect(refusalOf(() => server(m1).receiveM4(late.m4, 510_001))).toBe("channel time");
  });

  test("a first refusal came before", () => {
    const keyed = client().receiveM2(m2, 1_000);
    expect(refusalOf(() => keyed.receiveM3(m3.with(50, 0).with(51, 0), 1_000))).toBe("box");
    expect(refusalOf(() => keyed.receiveM3(m3, 1_000))).toBe("channel closed");
  });
});

test("a step is taken once", () => {
  const started = client();
  const identified = started.receiveM2(m2, 1_000).receiveM3(m3, 1_000);
  identified.acceptServer(1_000);
  expect(() => identified.acceptServer(1_000)).toThrow("bug: a handshake step is taken once");
  expect(() => started.receiveM2(m2, 1_000)).toThrow("bug: a handshake step is taken once");
});

/** An M4 that shows `signer`, by a client that keeps no rules. */
function m4From(signer: Signer) {
  const answered = server(m1);
  const { agreement } = generateAgreement({ curves, random: seededRandom(102) });
  const key = agreement.sharedKey(m2.subarray(6));
  const signature = signer.sign(challenge("SC-SIG02", m1, m2));
  const clear = buildIdentity("m4", { timeMs: 0, publicKey: signer.publicKey, signature });
  return { answered, pretendedM4: new SaltCipher(key, CLIENT_COUNTERS).seal(clear) };
}

function longer(bytes: Uint8Array, length: number): Uint8Array {
  const copy = new Uint8Array(length);
  copy.set(bytes);
  return copy;
}
