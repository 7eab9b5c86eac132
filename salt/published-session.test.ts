import { describe, expect, test } from "vitest";
import { nodeCurves } from "../sealing/curves/node-curves.ts";
import { tweetnaclCurves } from "../sealing/curves/tweetnacl-curves.ts";
import type { Random } from "../sealing/random.ts";
import { refusalOf } from "../sealing/testing/refusal-of.ts";
import vectors from "../test/vectors/salt-channel-v2-appendix-a.json" with { type: "json" };
import { startSaltClient } from "./client.ts";
import { answerSaltClient } from "./server.ts";

/** Appendix A of the specification, whose session uses no times. */
const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const drawing = (hex: string): Random => ({ bytes: () => bytesOf(hex) });
const seedOf = (secretKeyHex: string) => bytesOf(secretKeyHex).subarray(0, 32);

const pairs = [
  { name: "node, node", client: nodeCurves, server: nodeCurves },
  { name: "tweetnacl, tweetnacl", client: tweetnaclCurves, server: tweetnaclCurves },
  { name: "tweetnacl, node", client: tweetnaclCurves, server: nodeCurves },
];

describe.each(pairs)("with client and server on $name", (pair) => {
  const client = startSaltClient({
    curves: pair.client,
    random: drawing(vectors.client_ephemeral_sk),
    signer: pair.client.signer(seedOf(vectors.client_sig_sk)),
    nowMs: 0,
    delayProtection: "off",
  });
  const server = answerSaltClient(client.m1, {
    curves: pair.server,
    random: drawing(vectors.server_ephemeral_sk),
    signer: pair.server.signer(seedOf(vectors.server_sig_sk)),
    nowMs: 0,
    delayProtection: "off",
  });
  const identified = client.receiveM2(server.m2, 0).receiveM3(server.m3, 0);
  const { m4, channel: clientChannel } = identified.acceptServer(0);
  const serverChannel = server.receiveM4(m4, 0);

  test("the handshake is the published one, byte for byte", () => {
    expect([client.m1, server.m2, server.m3, m4].map(hexOf)).toEqual([
      vectors.m1,
      vectors.m2,
      vectors.encrypted_m3,
      vectors.encrypted_m4,
    ]);
  });

  test("each side knows the other", () => {
    expect(hexOf(identified.serverPublicKey)).toBe(vectors.server_sig_sk.slice(64));
    expect(hexOf(clientChannel.peerPublicKey)).toBe(vectors.server_sig_sk.slice(64));
    expect(hexOf(serverChannel.peerPublicKey)).toBe(vectors.client_sig_sk.slice(64));
  });

  test("the packets are the published ones, the last flag apart", () => {
    const { app_packet_client: request, app_packet_server: answer } = vectors;
    const sent = clientChannel.seal(bytesOf(request.data), 0);
    expect(hexOf(sent)).toBe(request.packet);
    expect(hexOf(serverChannel.open(sent, 0))).toBe(request.data);

    const answered = serverChannel.seal(bytesOf(answer.data), 0);
    expect(hexOf(answered)).toBe(answer.packet.replace(/^0680/, "0600"));
    expect(hexOf(clientChannel.open(answered, 0))).toBe(answer.data);
    const last = bytesOf(answer.packet);
    expect(refusalOf(() => clientChannel.open(last, 0))).toBe("channel flags");
  });
});
