import { Server } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { connect, type TLSSocket, Server as TlsServer } from "node:tls";
import { createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-node";
import { expect, test, vi } from "vitest";
import { ProcessorService } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { splitTarget } from "../client/backends.ts";
import type { Identity } from "../identity/identity.ts";
import { tlsOptions } from "../identity/identity-credentials.ts";
import { service } from "../service.ts";
import { PROCESSOR, RELAY, securedMesh } from "../testing/secured-mesh.ts";

/**
 * The turn of the event loop in which each handshake of this process began. So many connections are
 * held back until all are there, and come in one turn.
 */
function handshakesOf(count: number) {
  const begun: number[] = [];
  const held: (() => boolean)[] = [];
  let turn = 0;
  let isOver = false;
  void (async () => {
    for (; !isOver; turn += 1) await nextTurn();
  })();
  const { emit } = Server.prototype;
  const spy = vi.spyOn(Server.prototype, "emit").mockImplementation(function (
    this: Server,
    name: string | symbol,
    ...rest: unknown[]
  ) {
    const pass = () => emit.call(this, name, ...rest);
    if (name !== "connection") return pass();
    if (this instanceof TlsServer) {
      begun.push(turn);
      return pass();
    }
    held.push(pass);
    return held.length === count && held.every((one) => one());
  });
  return {
    begun,
    [Symbol.dispose]() {
      isOver = true;
      spy.mockRestore();
    },
  };
}

function secured(address: string, identity: Identity): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const options = tlsOptions({ identity, serverIdentity: PROCESSOR });
  const socket = connect({ ...splitTarget(address), ...options }, () => resolve(socket));
  socket.on("error", reject);
  return promise;
}

test("TLS handshakes of those who come in one turn begin in a turn each", async () => {
  const COUNT = 20;
  await using mesh = await securedMesh();
  const identity = await mesh.caller(RELAY);
  using seen = handshakesOf(COUNT);
  const all = Array.from({ length: COUNT }, () => secured(mesh.server.address, identity));
  for (const socket of await Promise.all(all)) socket.destroy();
  expect(seen.begun).toHaveLength(COUNT);
  expect(new Set(seen.begun).size).toBe(COUNT);
});

/** Calls over HTTP/1.1, each on a connection of its own while it is under way. */
function overHttp1(address: string, identity: Identity) {
  const tls = tlsOptions({ identity, serverIdentity: PROCESSOR });
  const nodeOptions = Object.assign(tls, { ALPNProtocols: ["http/1.1"] });
  const baseUrl = `https://${address}`;
  return createClient(
    ProcessorService,
    createGrpcWebTransport({ baseUrl, httpVersion: "1.1", nodeOptions }),
  );
}

test("calls over HTTP/1.1 give their turn back, answered or given up", async () => {
  const AT_ONCE = 2;
  const given = Promise.withResolvers<never>();
  given.promise.catch(() => undefined);
  let begun = 0;
  const counting = service(ProcessorService, {
    getManifest: async ({ haveNumber }) => {
      begun += 1;
      await (haveNumber === 1n ? given.promise : nextTurn());
      return {};
    },
  });
  const limits = { callsAtOnceMax: AT_ONCE };
  await using mesh = await securedMesh({ services: [counting], limits });
  const calls = overHttp1(mesh.server.address, await mesh.caller(RELAY));
  const giveUp = new AbortController();
  const held = Array.from({ length: AT_ONCE }, () =>
    calls.getManifest({ haveNumber: 1n }, { signal: giveUp.signal }),
  );
  await vi.waitFor(() => expect(begun).toBe(AT_ONCE), { timeout: 30_000 });
  const rest = Array.from({ length: 20 }, () => calls.getManifest({}));
  giveUp.abort();
  for (const one of await Promise.allSettled(held)) expect(one.status).toBe("rejected");
  await Promise.all(rest);
  given.reject(new Error("nobody waits for it any more"));
  expect(begun).toBe(AT_ONCE + 20);
});
