import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { systemClock } from "../../mesh/clock.ts";
import { TestAuthority, temporaryDirectory } from "../../mesh/testing/certificates.ts";
import { startMailPeer } from "../../test/fixtures/mail-peer.ts";
import { peerPython } from "../../test/fixtures/python-peer.ts";
import { MailRoute, type MailRouteOptions } from "./mail-route.ts";
import { RouteError } from "./route.ts";

const MESSAGE = { subject: "Approved €1", text: "text\n", html: "<p>€1</p>", sms: "" };
const DELIVERY = {
  id: "A17K2M9QX4T8-APPROVED-EMAIL",
  address: "till@shop.example",
  message: MESSAGE,
  partsSent: 0,
  onPartSent: async () => undefined,
};

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
});

function routeTo(port: number, changes: Partial<MailRouteOptions> = {}): MailRoute {
  const route = new MailRoute({
    host: "127.0.0.1",
    port,
    isTls: false,
    user: undefined,
    password: undefined,
    from: "Cardlane <payments@cardlane.example>",
    unsubscribe: undefined,
    clock: systemClock,
    silenceMsMax: 2_000,
    ...changes,
  });
  open.push(route);
  return route;
}

async function refusalOf(sending: Promise<void>): Promise<RouteError> {
  const error = await sending.catch((cause: unknown) => cause);
  if (error instanceof RouteError) return error;
  throw new Error(`expected a RouteError, got ${error}`);
}

const withPeer = test.skipIf(peerPython === undefined);

withPeer("aiosmtpd gets plain text and HTML, and the same Message-ID each time", async () => {
  using peer = await startMailPeer();
  const route = routeTo(peer.port);
  await route.send(DELIVERY);
  await route.send(DELIVERY);
  const mails = await peer.nextMails(2);
  expect(mails).toMatchObject([
    {
      to: ["till@shop.example"],
      subject: "Approved €1",
      parts: {
        "text/plain": expect.stringMatching(/^text\r?\n$/),
        "text/html": expect.stringContaining("<p>€1</p>"),
      },
    },
    {},
  ]);
  expect(mails[0]?.messageId).toMatch(/^<[0-9a-f]{32}@cardlane\.example>$/);
  expect(mails[1]?.messageId).toBe(mails[0]?.messageId);
});

withPeer("a mail says how to end them with one click, and for whom is signed", async () => {
  using peer = await startMailPeer();
  await routeTo(peer.port).send(DELIVERY);
  const key = "known to the page and the relay";
  const unsubscribe = { url: "https://shop.example/stop?lang=en", key };
  const address = "Till+2@shop.example";
  await routeTo(peer.port, { unsubscribe }).send({ ...DELIVERY, address });
  const [without, mail] = await peer.nextMails(2);
  expect(without?.listUnsubscribe).toEqual(["None", "None"]);
  const [link = "", post] = mail?.listUnsubscribe ?? [];
  expect(post).toBe("List-Unsubscribe=One-Click");
  const url = new URL(/^<(.*)>$/.exec(link)?.[1] ?? "");
  expect(url.origin + url.pathname).toBe("https://shop.example/stop");
  const signature = createHmac("sha256", key).update("till+2@shop.example").digest("base64url");
  expect(Object.fromEntries(url.searchParams)).toEqual({
    lang: "en",
    address: "till+2@shop.example",
    signature,
  });
});

withPeer.each([
  { name: "the right password", password: "right", authority: "own", outcome: "sent" },
  {
    name: "a wrong password",
    password: "wrong",
    authority: "own",
    outcome: "mail server: answered 535, for now",
  },
  {
    name: "an authority nobody trusts",
    password: "right",
    authority: "other",
    outcome: "mail server: ETLS, for now",
  },
])("over STARTTLS with $name", async ({ password, authority, outcome }) => {
  await using directory = await temporaryDirectory();
  const own = await TestAuthority.create();
  await own.writeTo(directory.path, "spiffe://cardlane.test/mail/1");
  const ca = authority === "own" ? own.pem : (await TestAuthority.create("another")).pem;
  const file = (name: string) => join(directory.path, name);
  using peer = await startMailPeer({ cert: file("cert.pem"), key: file("key.pem") });
  const route = routeTo(peer.port, { user: "relay", password, ca, isNameChecked: false });
  const sent = await route.send(DELIVERY).then(
    () => "sent",
    ({ message, isPermanent }: RouteError) => `${message}, for ${isPermanent ? "ever" : "now"}`,
  );
  expect(sent).toBe(outcome);
  const taken = { isTls: true, user: "relay" };
  await route[Symbol.asyncDispose]();
  expect(await peer.otherMails()).toMatchObject(outcome === "sent" ? [taken] : []);
});

withPeer.each([
  { name: "no such mailbox, for ever", address: "nobody@shop.example", isPermanent: true },
  { name: "busy, for now", address: "busy@shop.example", isPermanent: false },
])("aiosmtpd says $name", async ({ address, isPermanent }) => {
  using peer = await startMailPeer();
  const refusal = await refusalOf(routeTo(peer.port).send({ ...DELIVERY, address }));
  expect(refusal.isPermanent).toBe(isPermanent);
  expect(refusal.message).toMatch(/^mail server: answered \d{3}$/);
});

/** A server that answers so far, and then does what it is told. */
async function badServer(behave: (socket: Socket, line: string) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => behave(socket, String(chunk)));
    socket.write("220 here\r\n");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push({
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not a TCP address");
  return address.port;
}

test.each([
  { name: "says nothing more", behave: () => undefined },
  { name: "hangs up at the first command", behave: (socket: Socket) => void socket.destroy() },
  {
    name: "hangs up in the middle of the message",
    behave(socket: Socket, line: string) {
      const isMessage = !/^(EHLO|MAIL|RCPT|DATA)/.test(line);
      const hangUp = () => void socket.destroy();
      const goOn = () => void socket.write(line.startsWith("DATA") ? "354 go\r\n" : "250 fine\r\n");
      (isMessage ? hangUp : goOn)();
    },
  },
])("a server that $name is tried again later", async ({ behave }) => {
  const port = await badServer(behave);
  const refusal = await refusalOf(routeTo(port, { silenceMsMax: 200 }).send(DELIVERY));
  expect(refusal).toMatchObject({ isPermanent: false });
});

test("beyond this machine nothing is sent to a server without STARTTLS", async () => {
  const said: string[] = [];
  const port = await badServer((socket, line) => {
    said.push(line);
    socket.write(line.startsWith("STARTTLS") ? "502 no TLS here\r\n" : "250 fine\r\n");
  });
  const refusal = await refusalOf(routeTo(port, { isFar: true }).send(DELIVERY));
  expect(refusal).toMatchObject({ isPermanent: false, message: "mail server: answered 502" });
  expect(said.join("")).not.toContain("MAIL FROM");
});
