import { once } from "node:events";
import { join } from "node:path";
import { connect } from "node:tls";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test, vi } from "vitest";
import { ProcessorService } from "../gen/cardlane/processor/v1/processor_pb.ts";
import { Health } from "../gen/health/v1/health_pb.ts";
import { splitTarget } from "./backends.ts";
import { callerOf } from "./caller.ts";
import { systemClock } from "./clock.ts";
import { dial, type MeshChannel } from "./dial.ts";
import { paymentErrorFrom } from "./errors-to-wire.ts";
import { type Identity, loadIdentity } from "./identity.ts";
import { tlsOptions } from "./identity-credentials.ts";
import { silentLog } from "./log.ts";
import { ManualClock } from "./manual-clock.ts";
import type { Policy } from "./policy.ts";
import type { ServeOptions } from "./serve.ts";
import { service } from "./service.ts";
import { TestAuthority, temporaryDirectory } from "./testing/certificates.ts";
import { box, boxNumber, echoServer } from "./testing/echo-server.ts";
import { GREETING, request, reset } from "./testing/raw-frames.ts";
import { receive } from "./testing/received.ts";

const RELAY = "spiffe://cardlane/relay/A1";
const PROCESSOR = "spiffe://cardlane/processor/1";
const POLICY: Policy = [
  { identity: "spiffe://cardlane/relay/*", methods: [`${ProcessorService.typeName}/*`] },
];

/** An authority, a server that only relays may call, and a way to make callers. */
async function securedMesh(options: Partial<ServeOptions> = {}) {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const authority = await TestAuthority.create();
  const clock = new ManualClock();
  const load = async (name: string) => {
    const path = join(directory.path, name);
    return stack.use(await loadIdentity({ directory: path, clock, log: silentLog }));
  };
  await authority.writeTo(join(directory.path, "server"), PROCESSOR);
  const identity = await load("server");
  const server = stack.use(await echoServer({ identity, policy: POLICY, clock, ...options }));
  const call = (caller: Identity, serverIdentity = PROCESSOR): MeshChannel => {
    const targets = [server.address];
    const services = [ProcessorService];
    const options = { targets, services, identity: caller, serverIdentity, clock: systemClock };
    return stack.use(dial({ ...options, timeoutMs: 3_000 }));
  };
  return {
    authority,
    clock,
    server,
    identity,
    directory: directory.path,
    call,
    async caller(spiffeId: string, by = authority, trusted = authority) {
      const name = spiffeId.replaceAll(/\W/g, "-");
      await by.writeTo(join(directory.path, name), spiffeId, trusted);
      return load(name);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** What a unary call and a stream give: 0 for an answer, or the status. */
async function outcomes(channel: MeshChannel): Promise<{ unary: number; stream: number }> {
  const stream = channel.openStream(ProcessorService.method.process);
  const received = receive(stream);
  stream.send(box(1));
  stream.end();
  const unary = await channel
    .client(ProcessorService)
    .getManifest({})
    .then(
      () => 0,
      (error) => ConnectError.from(error).code,
    );
  return { unary, stream: (await received.end).code };
}

test("a relay reaches the processor, and each sees who the other is", async () => {
  await using mesh = await securedMesh();
  const channel = mesh.call(await mesh.caller(RELAY));
  const stream = channel.openStream(ProcessorService.method.process);
  const received = receive(stream);
  stream.send(box(1));
  expect((await received.count(1)).map(boxNumber)).toEqual([1]);
  expect(stream.peer.identity).toBe(PROCESSOR);
  expect(mesh.server.streams[0]?.peer.identity).toBe(RELAY);
  expect(await outcomes(channel)).toEqual({ unary: 0, stream: 0 });
});

test("an identity that the policy does not name is refused, its message unread", async () => {
  await using mesh = await securedMesh();
  const channel = mesh.call(await mesh.caller("spiffe://cardlane/terminal/T1"));
  const refused = { unary: Code.PermissionDenied, stream: Code.PermissionDenied };
  expect(await outcomes(channel)).toEqual(refused);
  expect(mesh.server.calls).toEqual([]);
});

test("health is open to any identity of the mesh", async () => {
  await using mesh = await securedMesh();
  const channel = mesh.call(await mesh.caller("spiffe://cardlane/terminal/T1"));
  expect(await channel.client(Health).check({})).toMatchObject({ status: 1 });
});

test("a certificate of another authority gets no connection", async () => {
  await using mesh = await securedMesh();
  const stranger = await TestAuthority.create("somebody else");
  const caller = await mesh.caller(RELAY, stranger, mesh.authority);
  const refused = { unary: Code.Unavailable, stream: Code.Unavailable };
  expect(await outcomes(mesh.call(caller))).toEqual(refused);
  expect(mesh.server.calls).toEqual([]);
});

test("a server of another authority is not called", async () => {
  await using mesh = await securedMesh();
  const caller = await mesh.caller(RELAY, mesh.authority, await TestAuthority.create("other"));
  const refused = { unary: Code.Unavailable, stream: Code.Unavailable };
  expect(await outcomes(mesh.call(caller))).toEqual(refused);
  expect(mesh.server.calls).toEqual([]);
});

test("a server that is somebody else is not called", async () => {
  await using mesh = await securedMesh();
  const channel = mesh.call(await mesh.caller(RELAY), "spiffe://cardlane/pin-service/1");
  expect(await outcomes(channel)).toEqual({ unary: Code.Unavailable, stream: Code.Unavailable });
  expect(mesh.server.calls).toEqual([]);
});

test("plaintext does not reach a TLS server", async () => {
  await using mesh = await securedMesh();
  const targets = [mesh.server.address];
  using channel = dial({ targets, services: [], clock: systemClock, timeoutMs: 2_000 });
  expect((await outcomes(channel)).stream).toBe(Code.Unavailable);
});

test("new certificates are used without a restart, on both sides", async () => {
  await using mesh = await securedMesh();
  const caller = await mesh.caller(RELAY);
  const before = mesh.call(caller);
  expect(await outcomes(before)).toEqual({ unary: 0, stream: 0 });

  const successor = await TestAuthority.create("successor");
  await successor.writeTo(join(mesh.directory, "server"), PROCESSOR);
  const reloaded = Promise.withResolvers<unknown>();
  mesh.identity.onChange(reloaded.resolve);
  await mesh.clock.advance(10_000);
  await reloaded.promise;

  const refused = { unary: Code.Unavailable, stream: Code.Unavailable };
  expect(await outcomes(mesh.call(caller))).toEqual(refused);
  expect(await outcomes(mesh.call(await mesh.caller(RELAY, successor, successor)))).toEqual({
    unary: 0,
    stream: 0,
  });
});

test("a set of files that does not fit together is left aside", async () => {
  await using mesh = await securedMesh();
  const caller = await mesh.caller(RELAY);
  const path = join(mesh.directory, "spiffe---cardlane-relay-A1");
  const { pem } = caller;
  await mesh.authority.writeTo(path, "spiffe://cardlane/relay/B2");
  await mesh.authority.writeTo(join(mesh.directory, "other"), "https://not-spiffe.example/x");
  await expect(
    loadIdentity({ directory: join(mesh.directory, "other"), clock: mesh.clock, log: silentLog }),
  ).rejects.toThrow("cert.pem must have one spiffe:// URI");
  await mesh.authority.writeTo(path, "https://not-spiffe.example/x");
  await caller.reload();
  expect(caller.pem).toBe(pem);
  expect(caller.spiffeId).toBe(RELAY);
});

test("TLS without a policy, or a policy without TLS, is a bug", async () => {
  await using mesh = await securedMesh();
  await expect(echoServer({ identity: mesh.identity })).rejects.toThrow("bug:");
  await expect(echoServer({ policy: POLICY })).rejects.toThrow("bug:");
});

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
