import { once } from "node:events";
import type { Socket } from "node:net";
import type { Surroundings } from "../../mesh/surroundings.ts";
import { open, type TlsEntrance } from "../wire/exchange.ts";
import { connectionStart } from "../wire/http2-frames.ts";
import { Spoils } from "./spoils.ts";

/** Where an attack goes, and until when. */
export interface Target extends Pick<Surroundings, "clock"> {
  /** "127.0.0.1:7403" */
  readonly address: string;
  /** Undefined where the port is in plaintext. */
  readonly tls: TlsEntrance | undefined;
  /** Aborted when the attack is over. */
  readonly over: AbortSignal;
  /** How much of the attack's own measure: 1 is all of it. */
  readonly scale: number;
  /** Record numbers of payments that it is about; of most attacks none. */
  readonly subjects: readonly string[];
  /** 0, 1, 2 … */
  readonly round: number;
}

/** Connections of one attack; those that are still open in the end are counted. */
export class Lines implements Disposable {
  readonly target: Target;
  /** What was answered, for attacks that read it. */
  readonly spoils = new Spoils();
  readonly #sockets: Socket[] = [];

  constructor(target: Target) {
    this.target = target;
  }

  get isOver(): boolean {
    return this.target.over.aborted;
  }

  /** Connections that the server has not ended. */
  get held(): number {
    return this.#sockets.filter(({ destroyed, readableEnded }) => !destroyed && !readableEnded)
      .length;
  }

  /** How many of `count`; at least one. */
  scaled(count: number): number {
    return Math.max(1, Math.round(count * this.target.scale));
  }

  /** A connection that reads what comes and lets it fall. */
  async line(): Promise<Line> {
    const socket = await this.socket();
    socket.resume();
    return new Line(socket, this.target.over);
  }

  /** The same, for whoever reads himself. */
  async socket(): Promise<Socket> {
    const { address, tls, clock } = this.target;
    const { socket } = await open(address, tls, clock);
    this.#sockets.push(socket);
    return socket;
  }

  /** One that has begun HTTP/2. */
  async http2(settings: readonly (readonly [number, number])[] = []): Promise<Line> {
    const line = await this.line();
    await line.send(connectionStart(settings));
    return line;
  }

  /** As many connections, some at a time, until the attack is over. */
  async many(count: number, use: (line: Line) => Promise<void>): Promise<void> {
    const all = Array.from({ length: this.scaled(count) }).values();
    const work = async () => {
      for (const _ of all) {
        if (this.isOver) return;
        await use(await this.line());
      }
    };
    await Promise.all(Array.from({ length: 16 }, work));
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** One connection of an attack. What is sent on one that has ended is lost. */
export class Line {
  readonly socket: Socket;
  readonly #over: AbortSignal;

  constructor(socket: Socket, over: AbortSignal) {
    this.socket = socket;
    this.#over = over;
  }

  get isUsable(): boolean {
    return this.socket.writable && !this.#over.aborted;
  }

  /** Resolves when there is room for more, or the attack is over. */
  async send(bytes: Buffer): Promise<void> {
    const { socket } = this;
    if (!this.isUsable || socket.write(bytes)) return;
    const waiting = new AbortController();
    const signal = AbortSignal.any([this.#over, waiting.signal]);
    const events = ["drain", "close"].map((name) => once(socket, name, { signal }));
    // Being over, or a connection that ended, is no error of the attack.
    await Promise.race(events.map((event) => event.catch(() => undefined)));
    waiting.abort();
  }
}
