import type { Socket } from "node:net";
import { Duplex } from "node:stream";

/** The other side said more than anybody has to say. */
export class SaidTooMuch extends Error {
  override readonly name = "SaidTooMuch";
}

/**
 * A connection that ends as soon as the other side has sent more than `bytesMax`. TLS over it is
 * bounded with it, since Node.js takes its bytes from this stream and not from the socket.
 */
export class BoundedLine extends Duplex {
  readonly #socket: Socket;
  #bytesLeft: number;

  constructor(socket: Socket, bytesMax: number) {
    super();
    this.#socket = socket;
    this.#bytesLeft = bytesMax;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
    socket.on("timeout", () => this.emit("timeout"));
  }

  /** As of a socket. @param silenceMs 0 for no limit. */
  setTimeout(silenceMs: number): void {
    this.#socket.setTimeout(silenceMs);
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #take(chunk: Buffer): void {
    this.#bytesLeft -= chunk.byteLength;
    if (this.#bytesLeft < 0) this.destroy(new SaidTooMuch("the server said too much"));
    else if (!this.push(chunk)) this.#socket.pause();
  }
}
