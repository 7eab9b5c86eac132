import { createServer as createHttp1Server, type RequestListener, type Server } from "node:http";
import {
  constants,
  createServer as createHttp2Server,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { type AddressInfo, createServer as createTcpServer, isIP, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { StartError } from "../../settings/read-config.ts";
import { connectionPeer } from "../identity/caller.ts";
import type { Identity } from "../identity/identity.ts";
import { Turns } from "../limits/turns.ts";
import { isLoopback } from "../loopback.ts";
import type { Surroundings } from "../surroundings.ts";
import { type Connection, Connections, connectionOf, spokenOver } from "./connections.ts";
import { EndedRights } from "./ended-rights.ts";
import { http1Options, http2Options, type ServerLimits } from "./server-limits.ts";
import { whenHeard } from "./spoken-protocol.ts";
import { type StreamEntrance, takeStream } from "./stream-entrance.ts";

interface ListenerOptions extends StreamEntrance, Pick<Surroundings, "clock"> {
  /** "127.0.0.1:0" */
  readonly listen: string;
  readonly identity: Identity | undefined;
  readonly limits: ServerLimits;
  /** Of the method with the longest messages. */
  readonly messageBytesMax: number;
  /** Identities and addresses whose connections carry the calls of many others. */
  readonly isBulk: (peer: string) => boolean;
  readonly onHttp1Request: RequestListener;
}

/**
 * One port for HTTP/1.1 and HTTP/2. Under TLS the protocols are agreed by ALPN; in plaintext the
 * first bytes tell them apart, because a gRPC client in plaintext starts with HTTP/2 at once.
 */
export class Listener {
  readonly #http2: Http2Server;
  /** For those whose connections carry the calls of many others. */
  readonly #bulkHttp2: Http2Server;
  readonly #http1: Server;
  readonly #tcp: ReturnType<typeof createTcpServer>;
  readonly #connections: Connections;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #sockets = new Set<Socket>();
  readonly #options: ListenerOptions;

  constructor(options: ListenerOptions) {
    this.#options = options;
    const { limits, clock, log, identity, isBulk } = options;
    this.#connections = new Connections({
      limits,
      clock,
      log,
      isBulk,
      isSecured: identity !== undefined,
    });
    this.#http2 = this.#http2Server(false);
    this.#bulkHttp2 = this.#http2Server(true);
    this.#http1 = createHttp1Server(http1Options(limits), (request, response) => {
      // One that waits behind another when the connection breaks has its error before any reader.
      request.on("error", () => request.destroy());
      const connection = connectionOf(request.socket);
      if (!connection.begin()) {
        request.socket.destroy();
        return;
      }
      const withdraw = connection.turns.enter(options.kindOf(request.url), (over) => {
        response.on("close", over);
        options.onHttp1Request(request, response);
      });
      response.on("close", () => {
        withdraw();
        connection.end();
      });
    });
    // It never listens itself, but only from this event on does it time slow requests out.
    this.#http1.emit("listening");
    this.#tcp = identity === undefined ? this.#plain() : this.#tls(identity);
  }

  /** @returns the address with the port that was taken. */
  async listen(): Promise<string> {
    const { host, port } = parseListen(this.#options.listen);
    if (this.#options.identity === undefined && !isLoopback(host)) {
      throw new StartError(`plaintext is for loopback only: ${host} needs a TLS identity`);
    }
    await new Promise<void>((resolve, reject) => {
      const fail = (error: Error) => reject(cannotListen(this.#options.listen, error));
      this.#tcp.once("error", fail);
      this.#tcp.listen({ host, port }, () => {
        this.#tcp.off("error", fail);
        resolve();
      });
    });
    // One connection that cannot be taken, for want of descriptors, is not the end of the others.
    this.#tcp.on("error", (error) => this.#options.log.failure("no connection taken", error));
    const taken = this.#tcp.address() as AddressInfo;
    return isIP(taken.address) === 6
      ? `[${taken.address}]:${taken.port}`
      : `${taken.address}:${taken.port}`;
  }

  /**
   * No new connection, and no new stream on those that are there.
   *
   * @returns resolves when what is running has ended and the last connection is closed.
   */
  stop(): Promise<void> {
    const stopped = new Promise<void>((resolve) => this.#tcp.close(() => resolve()));
    // HTTP/1.1 connections would otherwise be kept for a next request.
    this.#http1.keepAliveTimeout = 1;
    this.#http1.closeIdleConnections();
    for (const session of this.#sessions) session.close();
    return stopped;
  }

  get isInUse(): boolean {
    return this.#sockets.size > 0;
  }

  /** Ends everything at once. */
  async destroy(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#tcp.close(() => resolve()));
    this.#http1.close();
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #http2Server(isBulk: boolean): Http2Server {
    const { limits, messageBytesMax, identity } = this.#options;
    const isShared = isBulk || identity === undefined;
    const server = createHttp2Server(http2Options(limits, messageBytesMax, { isBulk, isShared }));
    server.on("session", (session) => this.#track(session));
    server.on("sessionError", () => {
      // The session is gone and its streams have had their own errors; nothing more is owed.
    });
    server.on("stream", (stream, ...more) => {
      // A server's streams are of that kind; the declared type is that of a session's either side.
      takeStream(stream as ServerHttp2Stream, more, this.#options);
    });
    return server;
  }

  #track(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    session.on("error", () => session.destroy());
    session.on("close", () => this.#sessions.delete(session));
  }

  /** @returns undefined when there is no room: the socket is closed then. */
  #take(socket: Socket): Connection | undefined {
    // Without a handler a connection that breaks early would end the program.
    socket.on("error", () => socket.destroy());
    const address = socket.remoteAddress ?? "unknown";
    const connection = this.#connections.accept(address, () => socket.destroy());
    if (connection === undefined) {
      socket.destroy();
      return undefined;
    }
    this.#sockets.add(socket);
    socket.on("close", () => {
      this.#sockets.delete(socket);
      connection.closed();
    });
    // The kernel's own check finds machines that vanished, for connections without any stream.
    socket.setKeepAlive(true, 30_000);
    return connection;
  }

  #speakHttp2(socket: Socket, connection: Connection): void {
    const server = connection.isBulk ? this.#bulkHttp2 : this.#http2;
    const onSession = (session: ServerHttp2Session) => {
      spokenOver(connection, session);
      session.once("remoteSettings", () => connection.greeted());
      connection.onLeave((why) => {
        // GOAWAY tells a client that keeps its rules; the others are not waited for.
        if (!session.destroyed && why !== "barred") session.close();
        if (!session.destroyed && why === "barred") {
          session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
          // What it has sent already would cost time, too.
          session.destroy();
        }
        setImmediate(() => socket.destroy());
      });
    };
    // The session is there before `emit` returns, and this one listens to no other.
    server.on("session", onSession);
    try {
      server.emit("connection", socket);
    } finally {
      server.off("session", onSession);
    }
  }

  #speakHttp1(socket: Socket, connection: Connection): void {
    spokenOver(connection, socket);
    this.#http1.emit("connection", socket);
  }

  #plain() {
    return createTcpServer({ noDelay: true }, (socket) => {
      const connection = this.#take(socket);
      if (connection === undefined) return;
      whenHeard(socket, (isHttp2) => {
        if (isHttp2) this.#speakHttp2(socket, connection);
        else this.#speakHttp1(socket, connection);
      });
    });
  }

  #tls(identity: Identity) {
    const options = {
      minVersion: "TLSv1.3",
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ["h2", "http/1.1"],
      handshakeTimeout: this.#options.limits.handshakeMsMax,
      noDelay: true,
    } as const;
    const rights = new EndedRights(identity, this.#options);
    /** Of those whose handshake is under way, by address and port. */
    const handshakes = new Map<string, Connection>();
    const server = createTlsServer({ ...options, ...identity.pem }, (socket: TLSSocket) => {
      socket.on("error", () => socket.destroy());
      const connection = handshakes.get(nameOf(socket));
      if (connection === undefined) {
        socket.destroy();
        return;
      }
      connection.onLeave(() => socket.destroy());
      if (!rights.admit(socket, connection)) {
        socket.destroy();
        return;
      }
      connection.identify(connectionPeer(socket).identity);
      if (socket.destroyed) return;
      if (socket.alpnProtocol === "h2") this.#speakHttp2(socket, connection);
      else this.#speakHttp1(socket, connection);
    });
    // A handshake takes a millisecond: between two of them, what waits of others goes on.
    const turns = new Turns(1);
    const tcp = createTcpServer({ noDelay: true }, (socket) => {
      const name = nameOf(socket);
      const connection = this.#take(socket);
      if (connection === undefined) return;
      handshakes.set(name, connection);
      const withdraw = turns.enter((over) => {
        setImmediate(over);
        server.emit("connection", socket);
      });
      socket.on("close", () => {
        withdraw();
        handshakes.delete(name);
      });
    });
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    const change = identity.onChange((pem) => {
      server.setSecureContext({ minVersion: "TLSv1.3", ...pem });
    });
    tcp.on("close", () => {
      change[Symbol.dispose]();
      rights[Symbol.dispose]();
    });
    return tcp;
  }
}

function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}

function cannotListen(address: string, error: Error): StartError {
  const code = "code" in error ? String(error.code) : "failed";
  const why = code === "EADDRINUSE" ? "another program is listening there" : code;
  return new StartError(`cannot listen on ${address}: ${why}`, { cause: error });
}

function parseListen(listen: string): { host: string; port: number } {
  const match = /^\[?([^[\]]+)\]?:(\d+)$/.exec(listen);
  if (match?.[1] === undefined) throw new StartError(`listen must be host:port, got "${listen}"`);
  return { host: match[1], port: Number(match[2]) };
}
