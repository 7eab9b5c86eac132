import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { FRAME, PREFACE } from "./http2-frames.ts";

/** What a server says on one connection. */
export interface ScriptedAnswer {
  /** The greeting is said at once, the answer when the client has opened a stream. */
  readonly greeting: Buffer;
  readonly answer: readonly Buffer[];
  /** How the connection is left after that. */
  readonly ending: "stays" | "FIN" | "reset";
}

/** A server that says what it was told to, whatever it is asked. */
export class AnsweringServer implements AsyncDisposable {
  /** "127.0.0.1:40123" */
  readonly address: string;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  /** @param at "host:port"; any free port by default. */
  static async listen(script: () => ScriptedAnswer, at = "127.0.0.1:0"): Promise<AnsweringServer> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      // The client may leave in the middle of a word.
      socket.on("error", () => socket.destroy());
      say(socket, script());
    });
    const [host, port] = at.split(":");
    server.listen(Number(port), host);
    await once(server, "listening");
    return new AnsweringServer(server, sockets);
  }

  private constructor(server: Server, sockets: Set<Socket>) {
    const { address, port } = server.address() as AddressInfo;
    this.address = `${address}:${port}`;
    this.#server = server;
    this.#sockets = sockets;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

function say(socket: Socket, { greeting, answer, ending }: ScriptedAnswer): void {
  socket.setNoDelay(true);
  socket.write(greeting);
  let heard = Buffer.alloc(0);
  const listen = (chunk: Buffer) => {
    heard = Buffer.concat([heard, chunk]);
    if (!hasHeaders(heard)) return;
    socket.off("data", listen).resume();
    for (const piece of answer) socket.write(piece);
    if (ending === "FIN") socket.end();
    if (ending === "reset") socket.resetAndDestroy();
  };
  socket.on("data", listen);
}

const FRAME_HEAD_BYTES = 9;

function hasHeaders(heard: Buffer): boolean {
  let at = PREFACE.byteLength;
  while (at + FRAME_HEAD_BYTES <= heard.byteLength) {
    if (heard[at + 3] === FRAME.HEADERS) return true;
    at += FRAME_HEAD_BYTES + heard.readUIntBE(at, 3);
  }
  return false;
}
