import type { Http2Stream, IncomingHttpHeaders } from "node:http2";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { type ContextKey, createContextKey, type HandlerContext } from "@connectrpc/connect";
import type { Peer } from "../stream/frame-stream.ts";
import { spiffeIdOf } from "./identity.ts";

const NOBODY: Peer = { identity: undefined, address: "unknown", headers: new Headers() };

/** Where serve.ts puts the caller for unary and server-streaming methods. */
export const CALLER: ContextKey<Peer> = createContextKey(NOBODY, {
  description: "the peer that calls",
});

/** Who calls this unary or server-streaming method. */
export function callerOf(context: HandlerContext): Peer {
  return context.values.get(CALLER);
}

interface ConnectionPeer extends Omit<Peer, "headers"> {
  /** Unix milliseconds until which its certificate holds; without one, for ever. */
  readonly notAfterMs: number;
}

/** The same for all streams of a connection, so it is found out once. */
export function connectionPeer(socket: Socket): ConnectionPeer {
  const known = PEERS.get(socket);
  if (known !== undefined) return known;
  const certificate = socket instanceof TLSSocket ? socket.getPeerCertificate() : undefined;
  const peer = {
    identity: spiffeIdOf(certificate),
    address: `${socket.remoteAddress ?? "unknown"}:${socket.remotePort ?? 0}`,
    notAfterMs: certificate === undefined ? Infinity : Date.parse(certificate.valid_to),
  };
  PEERS.set(socket, peer);
  return peer;
}

/** The peer of a stream's connection; nobody once the connection is gone. */
export function streamPeer(stream: Http2Stream): Omit<Peer, "headers"> {
  const socket = stream.session?.socket;
  return socket === undefined ? NOBODY : connectionPeer(socket);
}

/** HTTP/2's own fields, ":path" and the like, are left out. */
export function toHeaders(fields: IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(fields)) {
    if (name.startsWith(":") || value === undefined) continue;
    headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  return headers;
}

const PEERS = new WeakMap<Socket, ConnectionPeer>();
