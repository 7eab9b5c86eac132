import { once } from "node:events";
import { connect } from "node:tls";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-node";
import { expect, test, vi } from "vitest";
import { ProcessorService } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { Health } from "../../gen/health/v1/health_pb.ts";
import { splitTarget } from "../client/backends.ts";
import { paymentErrorFrom } from "../errors-to-wire.ts";
import { callerOf } from "../identity/caller.ts";
import type { Identity } from "../identity/identity.ts";
import { tlsOptions } from "../identity/identity-credentials.ts";
import { service } from "../service.ts";
import { prefix } from "../testing/raw-call.ts";
import { FRAME, frame, GREETING, request, reset } from "../testing/raw-frames.ts";
import { receive } from "../testing/received.ts";

import { outcomes, PROCESSOR, RELAY, securedMesh } from "../testing/secured-mesh.ts";

test("who calls too often is refused and told when to come back; others are not", async () => {
  await using mesh = await securedMesh({ callRate: { perSecond: 1, burst: 2 } });
  const eager = mesh.call(await mesh.caller(RELAY)).client(ProcessorService);
  const patient = mesh.call(await mesh.caller("spiffe://cardlane/relay/B2"));
  await eager.getManifest({});
  await eager.getManifest({});
  const refusal = await eager.getManifest({}).catch(ConnectError.from);
  expect(refusal).toMatchObject({ code: Code.ResourceExhausted });
  expect(paymentErrorFrom(refusal as ConnectError)).toMatchObject({
    code: "OVERLOADED",
    retryAfterMs: 1_000,
  });
  expect(await outcomes(patient)).toEqual({ unary: 0, stream: 0 });
  await mesh.clock.advance(1_000);
  await eager.getManifest({});
});

test("who goes on calling loses its connection and is barred; others feel nothing", async () => {
  await using mesh = await securedMesh({
    callRate: { perSecond: 1, burst: 2 },
    limits: { offenceRate: { perSecond: 1, burst: 3 } },
  });
  const deaf = mesh.call(await mesh.caller(RELAY)).client(ProcessorService);
  const codes: number[] = [];
  for (let call = 0; call < 8; call += 1) {
    codes.push(
      await deaf.getManifest({}).then(
        () => 0,
        (error) => ConnectError.from(error).code,
      ),
    );
  }
  const { ResourceExhausted, Unavailable } = Code;
  expect(codes.slice(0, 5)).toEqual([0, 0, ...Array(3).fill(ResourceExhausted)]);
  expect(codes.at(-1)).toBe(Unavailable);
  const other = mesh.call(await mesh.caller("spiffe://cardlane/relay/B2"));
  expect(await outcomes(other)).toEqual({ unary: 0, stream: 0 });
  await mesh.clock.advance(5_000);
  await vi.waitFor(async () => await deaf.getManifest({}), { timeout: 30_000 });
});

test("an identity has so many calls under way, the others wait, no other identity", async () => {
  const held = Promise.withResolvers<void>();
  const entered: string[] = [];
  const waiting = service(ProcessorService, {
    getManifest: async (_, context) => {
      entered.push(callerOf(context).identity ?? "nobody");
      if (entered.at(-1) === RELAY) await held.promise;
      return {};
    },
  });
  await using mesh = await securedMesh({ services: [waiting], limits: { callsAtOnceMax: 4 } });
  const eager = mesh.call(await mesh.caller(RELAY)).client(ProcessorService);
  const other = mesh.call(await mesh.caller("spiffe://cardlane/relay/B2"));
  const calls = Array.from({ length: 10 }, () => eager.getManifest({}));
  await vi.waitFor(() => expect(entered).toHaveLength(4), { timeout: 30_000 });
  await other.client(ProcessorService).getManifest({});
  expect(entered.filter((identity) => identity === RELAY)).toHaveLength(4);
  held.resolve();
  await Promise.all(calls);
  expect(entered).toHaveLength(11);
});

test("new streams count, health is free", async () => {
  await using mesh = await securedMesh({ callRate: { perSecond: 1, burst: 1 } });
  const channel = mesh.call(await mesh.caller(RELAY));
  await channel.client(ProcessorService).getManifest({});
  const refused = receive(channel.openStream(ProcessorService.method.process));
  expect(await refused.end).toMatchObject({ code: Code.ResourceExhausted });
  expect(await channel.client(Health).check({})).toMatchObject({ status: 1 });
});

test.each([
  { who: "an identity that takes many connections loses its own", bulkPeers: [], left: 3 },
  { who: "who carries the calls of many keeps them", bulkPeers: [RELAY], left: 0 },
])("$who, and others feel nothing", async ({ bulkPeers, left }) => {
  await using mesh = await securedMesh({ limits: { connectionsPerPeerMax: 2 }, bulkPeers });
  const greedy = await mesh.caller(RELAY);
  const other = await mesh.caller("spiffe://cardlane/relay/B2");
  const options = tlsOptions({ identity: greedy, serverIdentity: PROCESSOR });
  await using sockets = new AsyncDisposableStack();
  const closed: Promise<unknown>[] = [];
  for (let count = 1; count <= 5; count += 1) {
    const socket = connect({ ...splitTarget(mesh.server.address), ...options });
    sockets.defer(() => void socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.resume();
    await once(socket, "secureConnect");
    closed.push(new Promise((resolve) => socket.once("close", () => resolve(count))));
  }
  expect(await Promise.all(closed.slice(0, left))).toEqual([1, 2, 3].slice(0, left));
  expect(await outcomes(mesh.call(other))).toEqual({ unary: 0, stream: 0 });
  const last = Promise.race([...closed.slice(left), Promise.resolve("open")]);
  expect(await last).toBe("open");
});

test("calls that are reset before their turn reach nobody", async () => {
  await using mesh = await securedMesh();
  const options = tlsOptions({ identity: await mesh.caller(RELAY), serverIdentity: PROCESSOR });
  const socket = connect({ ...splitTarget(mesh.server.address), ...options });
  socket.on("error", () => socket.destroy());
  const path = `/${ProcessorService.typeName}/Process`;
  const calls = Array.from({ length: 100 }, (_, index) => 2 * index + 1).map((id) =>
    Buffer.concat([request(path, {}, id), reset(id)]),
  );
  socket.write(Buffer.concat([GREETING, ...calls, request(path, {}, 201)]));
  const isThere = () => expect(mesh.server.streams.length).toBeGreaterThan(0);
  await vi.waitFor(isThere, { timeout: 30_000 });
  socket.destroy();
  expect(mesh.server.streams).toHaveLength(1);
});

/** One connection of an identity that follows no rules, and whether it has ended. */
function lawless(address: string, identity: Identity) {
  const options = tlsOptions({ identity, serverIdentity: PROCESSOR });
  const socket = connect({ ...splitTarget(address), ...options });
  socket.on("error", () => socket.destroy());
  socket.resume();
  return { socket, closed: once(socket, "close"), [Symbol.dispose]: () => void socket.destroy() };
}

test("whose messages come byte by byte is barred; its other connections stay", async () => {
  await using mesh = await securedMesh();
  const identity = await mesh.caller(RELAY);
  const honest = mesh.call(identity).client(ProcessorService);
  await honest.getManifest({});
  using offender = lawless(mesh.server.address, identity);
  const start = request(`/${ProcessorService.typeName}/Process`);
  const bytes = Array.from({ length: 100 }, () => frame(FRAME.data, 0, 1, Buffer.of(1)));
  const head = frame(FRAME.data, 0, 1, prefix(0, 5_000));
  offender.socket.write(Buffer.concat([GREETING, start, head, ...bytes]));
  await offender.closed;
  await honest.getManifest({});
  using barred = lawless(mesh.server.address, identity);
  await barred.closed;
  const other = mesh.call(await mesh.caller("spiffe://cardlane/relay/B2"));
  expect(await outcomes(other)).toEqual({ unary: 0, stream: 0 });
  await mesh.clock.advance(1_000);
  expect(await outcomes(mesh.call(identity))).toEqual({ unary: 0, stream: 0 });
});

test("lists of an identity take turns, and its other calls do not wait for them", async () => {
  const held = Promise.withResolvers<void>();
  let listing = 0;
  const lists = service(RelayService, {
    listPayments: async () => {
      listing += 1;
      await held.promise;
      return {};
    },
    getManifest: () => ({}),
  });
  const policy = [
    { identity: "spiffe://cardlane/relay/*", methods: [`${RelayService.typeName}/*`] },
  ];
  await using mesh = await securedMesh({ services: [lists], policy });
  const relay = mesh.call(await mesh.caller(RELAY)).client(RelayService);
  const all = Array.from({ length: 20 }, () => relay.listPayments({}));
  await vi.waitFor(() => expect(listing).toBe(2), { timeout: 30_000 });
  await Promise.all(Array.from({ length: 20 }, () => relay.getManifest({})));
  expect(listing).toBe(2);
  held.resolve();
  await Promise.all(all);
  expect(listing).toBe(20);
});

test("watches over HTTP/1.1 give their turn back; other calls of the identity go on", async () => {
  const end = Promise.withResolvers<void>();
  let watching = 0;
  const watches = service(RelayService, {
    async *watchPayments() {
      watching += 1;
      yield {};
      await end.promise;
    },
    getManifest: () => ({}),
  });
  const policy = [
    { identity: "spiffe://cardlane/relay/*", methods: [`${RelayService.typeName}/*`] },
  ];
  await using mesh = await securedMesh({ services: [watches], policy });
  const identity = await mesh.caller(RELAY);
  const web = createClient(
    RelayService,
    createGrpcWebTransport({
      baseUrl: `https://${mesh.server.address}`,
      httpVersion: "1.1",
      nodeOptions: Object.assign(tlsOptions({ identity, serverIdentity: PROCESSOR }), {
        ALPNProtocols: ["http/1.1"],
      }),
    }),
  );
  const drained = Array.from({ length: 20 }, async () => {
    for await (const _ of web.watchPayments({}));
  });
  await vi.waitFor(() => expect(watching).toBe(20), { timeout: 30_000 });
  await mesh.call(identity).client(RelayService).getManifest({});
  end.resolve();
  await Promise.all(drained);
});

test("an identity has so many streams on one connection, and the others are refused", async () => {
  await using mesh = await securedMesh({ limits: { streamsPerConnectionMax: 3 } });
  using offender = lawless(mesh.server.address, await mesh.caller(RELAY));
  const path = `/${ProcessorService.typeName}/Process`;
  const calls = Array.from({ length: 10 }, (_, index) => request(path, {}, 2 * index + 1));
  offender.socket.write(Buffer.concat([GREETING, ...calls, reset(1)]));
  await vi.waitFor(() => expect(mesh.server.streams).toHaveLength(2), { timeout: 30_000 });
  offender.socket.write(request(path, {}, 21));
  await vi.waitFor(() => expect(mesh.server.streams).toHaveLength(3), { timeout: 30_000 });
});
