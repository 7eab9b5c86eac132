import { createServer as createHttp1Server, type RequestListener, type Server } from "node:http";
import {
  constants,
  createServer as createHttp2Server,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { type AddressInfo, createServer as createTcpServer, isIP, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { Clock } from "./clock.ts";
import { StartError } from "./config.ts";
import type { Identity } from "./identity.ts";
import type { Log } from "./log.ts";
import { http2Options, type ServerLimits } from "./server-limits.ts";

/** First bytes of every HTTP/2 connection (RFC 9113, 3.4); no HTTP/1.1 method starts like this. */
const HTTP2_PREFACE_START = Buffer.from("PRI");

export interface ListenerOptions {
  /** "127.0.0.1:0" */
  readonly listen: string;
  readonly identity: Identity | undefined;
  readonly limits: ServerLimits;
  readonly clock: Clock;
  readonly log: Log;
  readonly onHttp1Request: RequestListener;
  /** Gets living streams only, whose errors are taken care of. */
  readonly onHttp2Stream: StreamListener;
}

/** The arguments of the event "stream" of node:http2. */
export type StreamListener = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  rawHeaders: string[],
) => void;

/**
 * One port for HTTP/1.1 and HTTP/2. Under TLS the protocols are agreed by ALPN; in plaintext the
 * first bytes tell them apart, because a gRPC client in plaintext starts with HTTP/2 at once.
 */
export class Listener {
  readonly #http2: Http2Server;
  readonly #http1: Server;
  readonly #tcp: Server | ReturnType<typeof createTcpServer>;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #sockets = new Set<Socket>();
  readonly #options: ListenerOptions;

  constructor(options: ListenerOptions) {
    this.#options = options;
    const { limits } = options;
    this.#http2 = createHttp2Server(http2Options(limits));
    this.#http2.on("session", (session) => this.#track(session));
    this.#http2.on("sessionError", () => {
      // The session is gone and its streams have had their own errors; nothing more is owed.
    });
    this.#http2.on("stream", (stream, ...more) => {
      // A server's streams are of that kind; the declared type is that of a session's either side.
      this.#takeStream(stream as ServerHttp2Stream, ...more);
    });
    this.#http1 = createHttp1Server(
      { maxHeaderSize: limits.headerBytesMax, headersTimeout: limits.handshakeMsMax },
      options.onHttp1Request,
    );
    // It never listens itself, but only from this event on does it time slow requests out.
    this.#http1.emit("listening");
    this.#tcp = options.identity === undefined ? this.#plain() : this.#tls(options.identity);
    this.#tcp.maxConnections = limits.connectionsMax;
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

  #track(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    session.on("error", () => session.destroy());
    session.on("close", () => this.#sessions.delete(session));
  }

  /**
   * The segment that opened a stream may have ended it, or its connection, before this is called.
   * Nobody may touch it then, and its error, which comes later, is nobody's.
   */
  #takeStream(stream: ServerHttp2Stream, ...more: Tail<Parameters<StreamListener>>): void {
    stream.on("error", () => undefined);
    if (stream.destroyed || stream.closed || stream.session?.destroyed !== false) return;
    try {
      this.#options.onHttp2Stream(stream, ...more);
    } catch (error) {
      this.#options.log.failure("a stream failed when it was opened", error);
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    }
  }

  #trackSocket(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    // Without a handler a connection that breaks early would end the program.
    socket.on("error", () => socket.destroy());
    // The kernel's own check finds machines that vanished, for connections without any stream.
    socket.setKeepAlive(true, 30_000);
  }

  #plain() {
    return createTcpServer({ noDelay: true }, (socket) => {
      this.#trackSocket(socket);
      const { clock, limits } = this.#options;
      const timer = clock.timer(limits.handshakeMsMax, () => socket.destroy());
      socket.on("close", () => timer.cancel());
      firstBytes(socket, HTTP2_PREFACE_START.byteLength, (start) => {
        timer.cancel();
        const isHttp2 = start.equals(HTTP2_PREFACE_START);
        (isHttp2 ? this.#http2 : this.#http1).emit("connection", socket);
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
    const server = createTlsServer({ ...options, ...identity.pem }, (socket: TLSSocket) => {
      this.#trackSocket(socket);
      const isHttp2 = socket.alpnProtocol === "h2";
      (isHttp2 ? this.#http2 : this.#http1).emit("connection", socket);
    });
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    const change = identity.onChange((pem) => {
      server.setSecureContext({ minVersion: "TLSv1.3", ...pem });
    });
    server.on("close", () => change[Symbol.dispose]());
    return server;
  }
}

type Tail<T extends readonly unknown[]> = T extends readonly [unknown, ...infer Rest]
  ? Rest
  : never;

/** Calls `then` with the first `count` bytes, which stay in the socket for whoever reads on. */
function firstBytes(socket: Socket, count: number, then: (start: Buffer) => void): void {
  let start = Buffer.alloc(0);
  const onReadable = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    start = Buffer.concat([start, chunk]);
    if (start.byteLength < count) return;
    socket.off("readable", onReadable);
    socket.unshift(start);
    then(start.subarray(0, count));
  };
  socket.on("readable", onReadable);
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

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
