import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { systemClock as clock } from "../clock.ts";

/** What a server does with one connection. */
export type Behaviour = (socket: Socket) => void;

/** A server that does with every connection what it was told to. */
export class HostileServer implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  #bytesTaken = 0;

  static async listen(behave: Behaviour): Promise<HostileServer> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      // The client may leave in the middle of a word.
      socket.on("error", () => socket.destroy());
      behave(socket.setNoDelay());
      // Who does not read does not see the client leave.
      socket.resume();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new HostileServer(server, sockets);
  }

  private constructor(server: Server, sockets: Set<Socket>) {
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
    this.#sockets = sockets;
    server.on("connection", (socket: Socket) => {
      socket.on("close", () => {
        sockets.delete(socket);
        this.#bytesTaken += socket.bytesWritten - socket.writableLength;
      });
    });
  }

  /** Bytes that clients, or the buffers between, have taken of connections that are closed. */
  get bytesTaken(): number {
    return this.#bytesTaken;
  }

  /** Resolves when no client is connected. */
  async deserted(): Promise<void> {
    const closed = (socket: Socket) =>
      new Promise<void>((resolve) => socket.once("close", () => resolve()));
    await Promise.all([...this.#sockets].map(closed));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

const DRIP_MS = 50;

/** Writes `piece` again and again, as fast as the client reads, until the client has left. */
export function flood(socket: Socket, piece: string | Buffer): void {
  const bytes = Buffer.from(piece);
  const block = Buffer.concat(Array(Math.ceil(65_536 / bytes.byteLength)).fill(bytes));
  const go = () => {
    // A turn for each block: client and server share the process.
    if (socket.destroyed) return;
    if (socket.write(block)) setImmediate(go);
    else socket.once("drain", go);
  };
  go();
}

/** Writes `piece` every 50 ms, so that the client never finds the line silent. */
export function drip(socket: Socket, piece: string): void {
  if (socket.destroyed) return;
  socket.write(piece);
  clock.timer(DRIP_MS, () => drip(socket, piece));
}
