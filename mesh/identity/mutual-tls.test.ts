import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessorService } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { Health } from "../../gen/health/v1/health_pb.ts";
import { dial } from "../client/dial.ts";
import { systemClock } from "../clock.ts";
import { silentLog } from "../log.ts";
import { TestAuthority } from "../testing/certificates.ts";
import { box, boxNumber, echoServer } from "../testing/echo-server.ts";
import { receive } from "../testing/received.ts";
import { outcomes, POLICY, PROCESSOR, RELAY, securedMesh } from "../testing/secured-mesh.ts";
import { loadIdentity } from "./identity.ts";

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
    loadIdentity(join(mesh.directory, "other"), { clock: mesh.clock, log: silentLog }),
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

test("a certificate that ends while its connection is open ends the connection", async () => {
  await using mesh = await securedMesh();
  const channel = mesh.call(await mesh.caller(RELAY));
  const stream = channel.openStream(ProcessorService.method.process);
  const received = receive(stream);
  stream.send(box(1));
  await received.count(1);
  mesh.clock.jump(Date.parse("2100-01-02") - mesh.clock.nowMs());
  await mesh.clock.advance(10_000);
  expect((await received.end).code).toBe(Code.Unavailable);
  expect(await outcomes(channel)).toEqual({ unary: Code.Unavailable, stream: Code.Unavailable });
});

test("an identity that is denied loses its connection, and others keep theirs", async () => {
  await using mesh = await securedMesh();
  const [denied, other] = [
    mesh.call(await mesh.caller(RELAY)),
    mesh.call(await mesh.caller("spiffe://cardlane/relay/B2")),
  ];
  const streams = [denied, other].map((channel) => {
    const stream = channel.openStream(ProcessorService.method.process);
    stream.send(box(1));
    return receive(stream);
  });
  await Promise.all(streams.map((received) => received.count(1)));
  const list = join(mesh.directory, "server", "denied.txt");
  await writeFile(list, `# left the company\n${RELAY}\n`);
  await mesh.identity.reload();
  await mesh.clock.advance(10_000);
  expect((await streams[0]?.end)?.code).toBe(Code.Unavailable);
  expect((await outcomes(denied)).stream).toBe(Code.Unavailable);
  expect(await outcomes(other)).toEqual({ unary: 0, stream: 0 });

  // A list that cannot be read changes nothing; one without the identity lets it in again.
  await writeFile(list, "relay/A1\n");
  await mesh.identity.reload();
  expect((await outcomes(denied)).stream).toBe(Code.Unavailable);
  await rm(list);
  await mesh.identity.reload();
  await expect.poll(() => outcomes(denied)).toEqual({ unary: 0, stream: 0 });
});
