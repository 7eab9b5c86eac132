import { once } from "node:events";
import { createServer } from "node:https";
import tls from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TestAuthority } from "../../mesh/testing/certificates.ts";
import { networksIn, Receivers } from "./receivers.ts";
import { postTo } from "./webhook-post.ts";

const receivers = new Receivers(networksIn(["127.0.0.0/8", "::1/128"]));
const usual = tls.getCACertificates("default");
let trusted: TestAuthority;
let stranger: TestAuthority;

/** As NODE_EXTRA_CA_CERTS has a relay trust an authority of the house. */
beforeAll(async () => {
  trusted = await TestAuthority.create("house");
  stranger = await TestAuthority.create("somebody else");
  tls.setDefaultCACertificates([...usual, trusted.pem]);
});

afterAll(() => tls.setDefaultCACertificates(usual));

async function receive(certificate: { readonly cert: string; readonly key: string }) {
  const bodies: string[] = [];
  const server = createServer(certificate, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    bodies.push(Buffer.concat(chunks).toString());
    response.writeHead(204).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not a TCP address");
  return {
    bodies,
    post: (scheme = "https") =>
      postTo(receivers, new URL(`${scheme}://localhost:${address.port}/hook`), {
        headers: { "content-type": "application/json" },
        body: '{"type":"payment.approved"}',
        signal: AbortSignal.timeout(10_000),
      }),
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

test("an event is delivered over https to who has a certificate of a known authority", async () => {
  await using receiver = await receive(await trusted.issue("localhost"));
  expect(await receiver.post()).toMatchObject({ status: 204 });
  expect(receiver.bodies).toEqual(['{"type":"payment.approved"}']);
});

test.each([
  { what: "another host's certificate", issue: () => trusted.issue("shop.example") },
  {
    what: "a certificate that is over",
    issue: () => trusted.issue("localhost", { notAfter: new Date("2021-01-01") }),
  },
  { what: "a certificate of an unknown authority", issue: () => stranger.issue("localhost") },
])("nothing is told to $what", async ({ issue }) => {
  await using receiver = await receive(await issue());
  await expect(receiver.post()).rejects.toThrow();
  expect(receiver.bodies).toEqual([]);
});

test("nothing is told in plaintext to who wants https", async () => {
  await using receiver = await receive(await trusted.issue("localhost"));
  await expect(receiver.post("http")).rejects.toThrow();
  expect(receiver.bodies).toEqual([]);
});
