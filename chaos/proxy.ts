import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { type Clock, systemClock } from "../mesh/clock.ts";

const LOOPBACK = "127.0.0.1";

/** How slow a slow link is. */
interface Slowness {
  /** Added to each piece that is passed on, in milliseconds. */
  readonly delayMs: number;
  readonly bytesPerSecond: number;
}

/** A TCP proxy on loopback whose link can be cut, slowed and made half-open. */
export class LinkProxy implements AsyncDisposable {
  readonly address: string;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #server: Server;
  readonly #clock: Clock;
  readonly #sockets = new Set<Socket>();
  #isCut = false;
  #slowness: Slowness | undefined;
  /** Whether a half-open link keeps from the target what it is asked. */
  #isDeaf = false;
  /** Connections on which nothing passes any more, whatever becomes of the link. */
  readonly #forgotten = new WeakSet<Socket>();
  /** While the link is half-open nothing passes this; it opens when the link is healed. */
  #gate: PromiseWithResolvers<void> | undefined;

  /** @param target "host:port", which need not listen yet. */
  static async open(target: string, clock: Clock = systemClock): Promise<LinkProxy> {
    const server = createServer().listen(0, LOOPBACK);
    await once(server, "listening");
    return new LinkProxy(server, target, clock);
  }

  private constructor(server: Server, target: string, clock: Clock) {
    const { port } = server.address() as AddressInfo;
    const colon = target.lastIndexOf(":");
    this.address = `${LOOPBACK}:${port}`;
    this.#target = { host: target.slice(0, colon), port: Number(target.slice(colon + 1)) };
    this.#server = server;
    this.#clock = clock;
    server.on("connection", (socket) => this.#accept(socket));
  }

  /** Breaks every connection, and takes none until healed. */
  cut(): void {
    this.#isCut = true;
    this.#gate?.resolve();
    this.#gate = undefined;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  slow(slowness: Slowness): void {
    this.#slowness = slowness;
  }

  /**
   * Connections stay, and new ones are taken; but nothing passes, not even that one has ended.
   *
   * @param direction "answers": what the target is asked still reaches it.
   */
  halfOpen(direction: "both" | "answers" = "both"): void {
    this.#gate ??= Promise.withResolvers();
    this.#isDeaf = direction === "both";
  }

  /**
   * Nothing passes any more on the connections that are there, and neither end is told: a router
   * that was restarted. New connections are passed on.
   */
  forget(): void {
    for (const socket of this.#sockets) this.#forgotten.add(socket);
  }

  /** What was held up by a half-open link arrives now: late. */
  heal(): void {
    this.#isCut = false;
    this.#slowness = undefined;
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.heal();
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(client: Socket): void {
    this.#track(client);
    if (this.#isCut) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ ...this.#target, noDelay: true });
    client.setNoDelay(true);
    this.#track(server);
    void this.#pump(client, server, () => this.#isDeaf);
    void this.#pump(server, client, () => true);
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined); // The pump meets it, too.
    socket.on("close", () => this.#sockets.delete(socket));
  }

  async #pump(from: Socket, to: Socket, isHeld: () => boolean): Promise<void> {
    const untilPassable = async () => {
      if (isHeld()) await this.#gate?.promise;
    };
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        await this.#slowDown(chunk.length);
        await untilPassable();
        if (this.#forgotten.has(from)) continue;
        if (!to.write(chunk)) await once(to, "drain");
      }
      await untilPassable();
      if (!this.#forgotten.has(from)) to.end();
    } catch {
      // Either end broke: so does the other, once that can be known there.
      await untilPassable();
      from.destroy();
      if (!this.#forgotten.has(from)) to.destroy();
    }
  }

  async #slowDown(bytes: number): Promise<void> {
    const slowness = this.#slowness;
    if (slowness !== undefined) {
      const transferMs = (bytes * 1_000) / slowness.bytesPerSecond;
      await this.#clock.sleep(slowness.delayMs + transferMs);
    }
  }
}
