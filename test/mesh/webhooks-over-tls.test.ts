import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer as createPlainServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { ConnectError } from "@connectrpc/connect";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Mesh } from "../../dev-mesh/mesh-processes.ts";
import { paymentErrorFrom } from "../../mesh/errors-to-wire.ts";
import { TestAuthority, temporaryDirectory } from "../../mesh/testing/certificates.ts";
import { startTestMesh } from "./mesh-fixture.ts";
import { pay } from "./pay.ts";

const AUTHORITY = "receivers' authority";
const LONG_AGO = { notAfter: new Date("2021-01-01") };
const UNTRUSTED = "no authority that the relay trusts vouches for the receiver";
const WAIT_MS = 60_000;

interface Received {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const resources = new AsyncDisposableStack();
/** The relay trusts it beside those of the public internet. */
let authority: TestAuthority;
let mesh: Mesh;

beforeAll(async () => {
  authority = await TestAuthority.create(AUTHORITY);
  const directory = resources.use(await temporaryDirectory());
  const file = join(directory.path, "ca.pem");
  await writeFile(file, authority.pem);
  // By the second one Node would take any certificate.
  const trust = { NODE_EXTRA_CA_CERTS: file, NODE_TLS_REJECT_UNAUTHORIZED: "0" };
  const environmentOf = (name: string) => (name === "relay" ? trust : {});
  mesh = resources.use(await startTestMesh({ environmentOf })).mesh;
});

afterAll(async () => {
  await resources.disposeAsync();
});

/** Listens as `localhost` until it is disposed. */
async function receiverAt(server: Server) {
  const received: Received[] = [];
  const headersOf = ({ headers }: IncomingMessage) =>
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
  server.on("request", async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    received.push({ headers: headersOf(request), body: Buffer.concat(chunks).toString() });
    response.writeHead(204).end();
  });
  let connections = 0;
  server.on("connection", () => {
    connections += 1;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://localhost:${port}/hook`,
    received,
    /** Of whoever called at all. */
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

test("a receiver whose authority the relay was told gets signed events over https", async () => {
  const server = createTlsServer(await authority.issue("localhost"));
  await using receiver = await receiverAt(server);
  const { secret, webhook } = await mesh.clients.webhooks.addWebhook({ url: receiver.url });
  const { report } = await pay(mesh);
  await vi.waitFor(() => expect(receiver.received).toHaveLength(2), WAIT_MS);
  const events = receiver.received.map(({ body, headers }) =>
    new Webhook(secret).verify(body, headers),
  );
  expect(events).toMatchObject([
    { type: "payment.forwarded", data: { paymentId: report.paymentId } },
    { type: "payment.approved", data: { paymentId: report.paymentId, lastFour: "4242" } },
  ]);
  const [{ body, headers }] = receiver.received as [Received];
  expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow(/signature/i);
  await mesh.clients.webhooks.removeWebhook({ id: webhook?.id ?? "" });
});

test.each([
  {
    name: "has the certificate of another name",
    serve: async () => createTlsServer(await authority.issue("shop.example")),
    reason: "the receiver's certificate is for another name",
  },
  {
    name: "has a certificate that expired",
    serve: async () => createTlsServer(await authority.issue("localhost", LONG_AGO)),
    reason: "the receiver's certificate has expired",
  },
  {
    name: "has a certificate of an authority that nobody knows",
    serve: async () => {
      const unknown = await TestAuthority.create("unknown authority");
      return createTlsServer(await unknown.issue("localhost"));
    },
    reason: UNTRUSTED,
  },
  {
    name: "has a certificate of another authority under the name of the trusted one",
    serve: async () => {
      const namesake = await TestAuthority.create(AUTHORITY);
      return createTlsServer(await namesake.issue("localhost"));
    },
    reason: UNTRUSTED,
  },
  {
    name: "speaks http behind an https URL",
    serve: async () => createPlainServer(),
    reason: "the receiver was not reached",
  },
])("a receiver gets nothing that $name", async ({ serve, reason }) => {
  await using receiver = await receiverAt(await serve());
  const { webhook } = await mesh.clients.webhooks.addWebhook({ url: receiver.url });
  const id = webhook?.id ?? "";
  await pay(mesh);
  await vi.waitFor(async () => {
    const { webhooks } = await mesh.clients.webhooks.listWebhooks({});
    expect(webhooks.find((one) => one.id === id)).toMatchObject({ reason, waiting: 2 });
  }, WAIT_MS);
  expect(receiver.connections).toBeGreaterThan(0);
  expect(receiver.received).toEqual([]);
  await mesh.clients.webhooks.removeWebhook({ id });
});

test.each(["http://shop.example/hook", "http://10.0.0.7/hook"])(
  "%s is no webhook: https is demanded",
  async (url) => {
    const refused = await mesh.clients.webhooks.addWebhook({ url }).catch(ConnectError.from);
    expect(paymentErrorFrom(refused as ConnectError)).toMatchObject({
      code: "MALFORMED_REQUEST",
      field: "url",
      message: "url must be an https URL without password",
    });
  },
);
