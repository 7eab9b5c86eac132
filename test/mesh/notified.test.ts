import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, test, vi } from "vitest";
import { DEVELOPMENT_MESH } from "../../dev-mesh/development-keys.ts";
import type { Mesh } from "../../dev-mesh/mesh-processes.ts";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type Notification,
  NotificationState,
} from "../../gen/cardlane/relay/v1/notification_pb.ts";
import { startMailPeer } from "../fixtures/mail-peer.ts";
import { peerPython } from "../fixtures/python-peer.ts";
import { startSmsPeer } from "../fixtures/sms-peer.ts";
import { startTestMesh } from "./mesh-fixture.ts";
import { pay } from "./pay.ts";

const { QUEUED, SENT } = NotificationState;
/** Long enough for three parts in Chinese. */
const PHONE = "+8613812345678";

async function tellTo(mesh: Mesh, contact: { phone?: string; email?: string }): Promise<void> {
  const { terminalId } = DEVELOPMENT_MESH;
  const language = "zh-CN";
  await mesh.clients.relayRegistry.setTerminalContact({
    terminalId,
    contact: { ...contact, language },
  });
}

async function notifications(mesh: Mesh): Promise<readonly Notification[]> {
  return (await mesh.clients.notifications.listNotifications({})).notifications;
}

async function killRelay(mesh: Mesh): Promise<void> {
  mesh.program("relay").kill("SIGKILL");
  await mesh.program("relay").ended;
  await mesh.program("relay").restart();
}

async function allSent(mesh: Mesh): Promise<void> {
  await vi.waitFor(
    async () => {
      const states = (await notifications(mesh)).map(({ state }) => state);
      expect(new Set(states)).toEqual(new Set([SENT]));
    },
    { timeout: 60_000, interval: 250 },
  );
}

test.skipIf(peerPython === undefined)(
  "kill -9 of the relay between the last byte of a mail and the answer: twice, one Message-ID",
  { concurrent: true },
  async () => {
    using peer = await startMailPeer();
    const environment = { CARDLANE_SMTP_URL: `smtp://127.0.0.1:${peer.port}` };
    await using fixture = await startTestMesh({ environment });
    const { mesh } = fixture;
    await tellTo(mesh, { email: "holding@shop.example" });
    await pay(mesh);
    const [first] = await peer.nextMails(1);
    expect((await notifications(mesh)).map(({ state }) => state)).toEqual([QUEUED]);
    await killRelay(mesh);
    const [second] = await peer.nextMails(1);
    expect(second?.messageId).toBe(first?.messageId);
    await allSent(mesh);
    await mesh.program("relay").stop();
    expect(await peer.otherMails()).toEqual([]);
  },
);

test("kill -9 of the relay between parts of an SMS: what was noted is not sent again", {
  concurrent: true,
}, async () => {
  await using centre = await startSmsPeer();
  const environment = { CARDLANE_SMPP_ROUTES: `+=smpp://relay:right@127.0.0.1:${centre.port}` };
  await using fixture = await startTestMesh({ environment });
  const { mesh } = fixture;
  await tellTo(mesh, { phone: PHONE });
  centre.behave(0, "take in silence");
  await pay(mesh);
  await vi.waitFor(() => expect(centre.taken).toHaveLength(2), { timeout: 60_000 });
  await killRelay(mesh);
  await allSent(mesh);
  const headers = centre.taken.map(({ short_message }) => [...(short_message?.udh?.[0] ?? [])]);
  const [, , reference, count] = headers[0] ?? [];
  const numbers = headers.map((header) => header.at(-1));
  expect(headers.every((header) => header[2] === reference && header[3] === count)).toBe(true);
  expect(numbers).toEqual([1, 2, 2]);
});

test("payments go on while mail server and SMS centre are black holes", {
  concurrent: true,
}, async () => {
  await using hole = await blackHole();
  const environment = {
    CARDLANE_SMTP_URL: `smtp://127.0.0.1:${hole.port}`,
    CARDLANE_SMPP_ROUTES: `+=smpp://relay:right@127.0.0.1:${hole.port}`,
  };
  await using fixture = await startTestMesh({ environment });
  const { mesh } = fixture;
  await tellTo(mesh, { phone: PHONE, email: "till@shop.example" });
  const states = [];
  // More messages than are sent at a time, so that all senders hang.
  for (let count = 0; count < 6; count += 1) states.push((await pay(mesh)).report.state);
  expect(states).toEqual(Array(6).fill(PaymentState.APPROVED));
  const waiting = (await notifications(mesh)).map(({ state }) => state);
  expect(waiting).toEqual(Array(12).fill(QUEUED));
  expect(hole.connections).toBeGreaterThan(0);
});

async function blackHole() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.resume();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return sockets.size;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
