import { describe, expect, test } from "vitest";
import { withOneBitFlipped } from "../sealing/testing/one-bit-flipped.ts";
import { refusalOf } from "../sealing/testing/refusal-of.ts";
import { seededRandom } from "../sealing/testing/seeded-random.ts";
import { appDataBytesMax, SaltChannel } from "./channel.ts";
import { CLIENT_COUNTERS, SaltCipher, SERVER_COUNTERS } from "./cipher.ts";
import { buildApp, buildIdentity } from "./packets.ts";
import { SaltTimes } from "./times.ts";

const random = seededRandom(111);
const dayMs = 24 * 60 * 60 * 1_000;
const data = random.bytes(50);

test.each([0, 1, 1_000, appDataBytesMax])("%i bytes arrive, both ways", (length) => {
  const { client, server } = channels();
  const message = random.bytes(length);
  expect(server.open(client.seal(message, 0), 0)).toEqual(message);
  expect(client.open(server.seal(message, 0), 0)).toEqual(message);
});

test("packets in both directions may cross", () => {
  const { client, server } = channels();
  const sent = [1, 2, 3].map((byte) => client.seal(Uint8Array.of(byte), 0));
  const answers = [4, 5].map((byte) => server.seal(Uint8Array.of(byte), 0));
  expect(sent.map((packet) => server.open(packet, 0)[0])).toEqual([1, 2, 3]);
  expect(answers.map((packet) => client.open(packet, 0)[0])).toEqual([4, 5]);
});

test("one byte too many is a bug", () => {
  const run = () => channels().client.seal(new Uint8Array(appDataBytesMax + 1), 0);
  expect(run).toThrow("bug: a packet takes 61440 bytes, got 61441");
});

test("one flipped bit in any byte is refused", () => {
  const flips = withOneBitFlipped(channels().client.seal(data, 0));
  const reasons = flips.map((changed) => refusalOf(() => channels().server.open(changed, 0)));
  expect(reasons.slice(0, 2)).toEqual(["channel packet", "channel flags"]);
  expect(new Set(reasons.slice(2))).toEqual(new Set(["box"]));
});

describe("a packet is refused, and every one after it, when it", () => {
  test.each([
    { name: "is empty", packet: () => new Uint8Array(0), reason: "channel packet" },
    { name: "is a head alone", packet: () => Uint8Array.of(6, 0), reason: "box" },
    { name: "has the last flag", packet: withHead(6, 0x80), reason: "channel flags" },
    { name: "has a reserved flag", packet: withHead(6, 0x01), reason: "channel flags" },
    { name: "has another type", packet: withHead(11, 0), reason: "channel packet" },
    { name: "was sent before", packet: repeated, reason: "box" },
    { name: "comes before another", packet: second, reason: "box" },
    { name: "is the receiver's own", packet: reflected, reason: "box" },
    { name: "is from another session", packet: () => sealing(Uint8Array.of(5), 7), reason: "box" },
    {
      name: "is cut inside its head",
      packet: () => sealing(Uint8Array.of(5, 0, 0, 0, 0)),
      reason: "channel packet",
    },
    {
      name: "holds several messages",
      packet: () => sealing(Uint8Array.of(11, 0, 0, 0, 0, 0, 1, 0, 0, 0)),
      reason: "channel packet",
    },
    {
      name: "has a reserved byte inside",
      packet: () => sealing(Uint8Array.of(5, 1, 0, 0, 0, 0)),
      reason: "channel flags",
    },
    {
      name: "has a time of more than 31 bits",
      packet: () => sealing(Uint8Array.of(5, 0, 0, 0, 0, 0x80)),
      reason: "channel time",
    },
    { name: "is a second M4", packet: () => sealing(lateM4()), reason: "channel packet" },
    { name: "is too long", packet: () => sealing(tooLong()), reason: "length" },
  ])("$name", ({ packet, reason }) => {
    const pair = channels();
    const bad = packet(pair);
    const good = pair.client.seal(data, 0);
    expect(refusalOf(() => pair.server.open(bad, 0))).toBe(reason);
    expect(refusalOf(() => pair.server.open(good, 0))).toBe("channel closed");
    expect(refusalOf(() => pair.server.seal(data, 0))).toBe("channel closed");
  });
});

describe("time", () => {
  test.each([
    { name: "10 s late", sentMs: 5_000, openedMs: 15_000 },
    { name: "10 s early", sentMs: 15_000, openedMs: 5_000 },
    { name: "fractions of milliseconds", sentMs: 5_000.7, openedMs: 15_000 },
    { name: "in the last moment of the day", sentMs: dayMs, openedMs: dayMs + 10_000 },
  ])("accepts a packet $name", ({ sentMs, openedMs }) => {
    const { client, server } = channels();
    expect(server.open(client.seal(data, sentMs), openedMs)).toEqual(data);
  });

  test.each([
    { name: "late by more than 10 s", sentMs: 5_000, openedMs: 15_001 },
    { name: "early by more than 10 s", sentMs: 15_001, openedMs: 5_000 },
  ])("refuses a packet $name", ({ sentMs, openedMs }) => {
    const { client, server } = channels();
    const packet = client.seal(data, sentMs);
    expect(refusalOf(() => server.open(packet, openedMs))).toBe("channel time");
    expect(refusalOf(() => server.seal(data, openedMs))).toBe("channel closed");
  });

  test.each([
    { name: "after a day", nowMs: dayMs + 1 },
    { name: "before its begin", nowMs: -1 },
  ])("a session seals nothing $name", ({ nowMs }) => {
    expect(refusalOf(() => channels().client.seal(data, nowMs))).toBe("channel time");
  });

  test("a peer that goes on after a day is refused", () => {
    const afterMs = dayMs + 10_001;
    const packet = sealing(buildApp(afterMs, data));
    expect(refusalOf(() => channels().server.open(packet, afterMs))).toBe("channel time");
  });

  test("without delay protection a field of more than 31 bits is refused all the same", () => {
    const packet = sealing(buildApp(2 ** 31, data));
    expect(refusalOf(() => channels(0, "off").server.open(packet, 0))).toBe("channel time");
  });

  test("without delay protection the field is zero and a peer's is not looked at", () => {
    const { client } = channels(0, "off");
    const { server } = channels(0, "off");
    expect(client.seal(data, 5_000)).toEqual(channels(0, "off").client.seal(data, 99_000));
    expect(server.open(channels().client.seal(data, 50_000), 0)).toEqual(data);
  });
});

test("the last number is used, and none after it", () => {
  const last = 2 ** 32 - 1;
  const sender = new SaltCipher(key(0), { send: last, receive: 2 });
  const receiver = new SaltCipher(key(0), { send: 2, receive: last });
  const packet = sender.seal(data);
  expect(receiver.open(packet, (clear) => clear)).toEqual(data);
  expect(refusalOf(() => sender.seal(data))).toBe("channel closed");
  expect(refusalOf(() => receiver.open(packet, (clear) => clear))).toBe("channel closed");
});

test("a closed channel has wiped its key", () => {
  const sessionKey = key(0);
  const cipher = new SaltCipher(sessionKey, CLIENT_COUNTERS);
  const channel = new SaltChannel(new Uint8Array(32), cipher, times("required"));
  channel.close();
  expect(sessionKey).toEqual(new Uint8Array(32));
  expect(refusalOf(() => channel.seal(data, 0))).toBe("channel closed");
});

type Pair = ReturnType<typeof channels>;

/** Both ends of a session, as the handshake leaves them. */
function channels(session = 0, delayProtection: "required" | "off" = "required") {
  const end = (counters: typeof CLIENT_COUNTERS) =>
    new SaltChannel(
      new Uint8Array(32),
      new SaltCipher(key(session), counters),
      times(delayProtection),
    );
  return { client: end(CLIENT_COUNTERS), server: end(SERVER_COUNTERS) };
}

function times(delayProtection: "required" | "off"): SaltTimes {
  return new SaltTimes({ delayProtection, ownEpochMs: 0, peerEpochMs: 0 });
}

function key(session: number): Uint8Array {
  return new Uint8Array(32).fill(0x40 + session);
}

/** Any content at all, sealed as the client's first packet. */
function sealing(clear: Uint8Array, session = 0): Uint8Array {
  return new SaltCipher(key(session), CLIENT_COUNTERS).seal(clear);
}

function withHead(type: number, flags: number) {
  return () => channels().client.seal(data, 0).with(0, type).with(1, flags);
}

function repeated({ client, server }: Pair): Uint8Array {
  const packet = client.seal(data, 0);
  server.open(packet, 0);
  return packet;
}

function second({ client }: Pair): Uint8Array {
  client.seal(data, 0);
  return client.seal(data, 0);
}

function reflected({ server }: Pair): Uint8Array {
  return server.seal(data, 0);
}

function lateM4(): Uint8Array {
  const publicKey = new Uint8Array(32);
  return buildIdentity("m4", { timeMs: 0, publicKey, signature: new Uint8Array(64) });
}

function tooLong(): Uint8Array {
  return new Uint8Array(6 + appDataBytesMax + 1).fill(5, 0, 1);
}
