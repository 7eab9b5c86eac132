import { startSaltClient } from "../../salt/client.ts";
import { answerSaltClient } from "../../salt/server.ts";
import {
  bytes,
  bytesOf,
  curves,
  fixed,
  flipped,
  type Given,
  hex,
  repeated,
  text,
  type Vector,
  type VectorFile,
} from "./vector.ts";

const client = { signing: 0x71, ephemeral: 0x72 };
const server = { signing: 0x73, ephemeral: 0x74 };

/** Both sides at time 0, one packet in each direction a second later. */
function session(serverEphemeral = server.ephemeral) {
  const started = startClient();
  const answered = answer(started.m1, serverEphemeral);
  const identified = started.receiveM2(answered.m2, 0).receiveM3(answered.m3, 0);
  const { m4, channel } = identified.acceptServer(0);
  const packets = [1, 2].map((byte) => channel.seal(repeated(byte, 5), 1_000));
  return { m1: started.m1, m2: answered.m2, m3: answered.m3, m4, packets };
}

function startClient() {
  const signer = curves.signer(repeated(client.signing));
  return startSaltClient({ curves, random: fixed(client.ephemeral), signer, nowMs: 0 });
}

function answer(m1: Uint8Array, ephemeral: number) {
  const signer = curves.signer(repeated(server.signing));
  return answerSaltClient(m1, { curves, random: fixed(ephemeral), signer, nowMs: 0 });
}

const { m1, m2, m3, m4, packets } = session();
const another = session(0x75);
const asClient = { side: "client", m2: hex(m2), m3: hex(m3) };
const asServer = {
  side: "server",
  m1: hex(m1),
  m4: hex(m4),
  packets: packets.map(hex),
  packets_at_ms: "1000",
};

const accepted = (name: string, why: string, given: Given): Vector => {
  return { name, why, given, expect: "accepted" };
};
const refused = (name: string, why: string, given: Given): Vector => {
  return { name, why, given, expect: "SEALED_DATA_REJECTED" };
};
const toClient = (name: string, why: string, change: Partial<typeof asClient>): Vector =>
  refused(name, why, { ...asClient, ...change });
const toServer = (name: string, why: string, change: Partial<typeof asServer>): Vector =>
  refused(name, why, { ...asServer, ...change });

/** A session of stream 1 from either side. */
export const saltSessions: VectorFile = {
  name: "salt-sessions",
  about:
    "A Salt Channel v2 session with delay protection: M1 and M2 carry 1 for time supported, " +
    "M3 and M4 the time 0. The client has the Ed25519 seed 0x71 and the X25519 key 0x72, the " +
    "server 0x73 and 0x74, each byte repeated 32 times. " +
    "side client: take m2 and m3 after your M1; give the server's key " +
    "and your M1 and M4. side server: answer m1, take m4, open the packets in order at " +
    "packets_at_ms; give your M2 and M3, the client's key and what was in the packets. " +
    "The published session is in salt-channel-v2-appendix-a.json.",
  vectors: [
    accepted("the client's side", "the server proves its key", asClient),
    accepted("the server's side", "the client proves its key, and two packets follow", asServer),
    accepted("a packet just in time", "10 s late is still taken", {
      ...asServer,
      packets_at_ms: "11000",
    }),
    toClient("M2 with another header", "its first byte says what it is", {
      m2: hex(flipped(m2, 0)),
    }),
    toClient("M2 with another key", "nobody knows the session key then", {
      m2: hex(flipped(m2, -1)),
    }),
    toClient("M3 changed", "its tag covers it", { m3: hex(flipped(m3, -1)) }),
    toClient("M3 of another session", "it signs that session's keys", { m3: hex(another.m3) }),
    toClient("M2 that mirrors M1", "the server must have a key of its own", {
      m2: hex(Uint8Array.of(...m2.subarray(0, 6), ...m1.subarray(10, 42))),
    }),
    toServer("M1 cut short", "it has a fixed length", { m1: hex(m1.subarray(0, -1)) }),
    toServer("M1 of another protocol", "it begins with SCv2", { m1: hex(flipped(m1, 0)) }),
    toServer("M1 with a key of small order", "everybody would know the session key", {
      m1: hex(Uint8Array.of(...m1.subarray(0, 10), ...repeated(0))),
    }),
    toServer("M4 changed", "its tag covers it", { m4: hex(flipped(m4, -1)) }),
    toServer("M4 of another session", "it signs that session's keys", { m4: hex(another.m4) }),
    toServer("a packet twice", "each has its own nonce", {
      packets: [packets[0], packets[0]].map((one) => hex(one ?? m1)),
    }),
    toServer("packets out of order", "each has its own nonce", {
      packets: packets.toReversed().map(hex),
    }),
    toServer("a packet changed", "its tag covers it", {
      packets: [hex(flipped(packets[0] ?? m1, -1))],
    }),
    toServer("a packet held back", "more than 10 s late", { packets_at_ms: "11001" }),
  ],
  judge: (given) => (text(given, "side") === "client" ? judgeClient(given) : judgeServer(given)),
};

function judgeClient(given: Given): Given {
  const started = startClient();
  const identified = started.receiveM2(bytes(given, "m2"), 0).receiveM3(bytes(given, "m3"), 0);
  return {
    m1: hex(started.m1),
    server_public_key: hex(identified.serverPublicKey),
    m4: hex(identified.acceptServer(0).m4),
  };
}

function judgeServer(given: Given): Given {
  const answered = answer(bytes(given, "m1"), server.ephemeral);
  const channel = answered.receiveM4(bytes(given, "m4"), 0);
  const atMs = Number(text(given, "packets_at_ms"));
  const { packets: sent = [] } = given;
  if (typeof sent === "string") throw new Error("bug: packets must be a list");
  return {
    m2: hex(answered.m2),
    m3: hex(answered.m3),
    client_public_key: hex(channel.peerPublicKey),
    data: sent.map((packet) => hex(channel.open(bytesOf(packet), atMs))),
  };
}
