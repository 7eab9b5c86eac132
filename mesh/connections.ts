import type { Http2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Clock, Timer } from "./clock.ts";
import { HeldBytes } from "./held-bytes.ts";
import type { ServerLimits } from "./server-limits.ts";

/** One connection as its server counts it. */
export interface Connection {
  /** What its peer makes the server hold: over all connections of an identity, or over this one. */
  readonly held: HeldBytes;
  /** Whether its peer carries the calls of many others. */
  readonly isBulk: boolean;
  /** The peer has proved who it is; it now shares what this identity may have. */
  identify(identity: string | undefined): void;
  /** The peer has said what HTTP wants to hear first. */
  greeted(): void;
  /** How to end it when it has been idle for too long, or another needs its place. */
  onIdle(close: () => void): void;
  /** @returns false when the peer has too many requests under way; it may not go on then. */
  begin(): boolean;
  /** One that was begun is over. */
  end(): void;
  /** The connection is gone. */
  closed(): void;
}

export interface ConnectionsOptions {
  readonly limits: ServerLimits;
  readonly clock: Clock;
  /** Whether peers prove who they are. Without, an address is all there is to tell them apart. */
  readonly isSecured: boolean;
  /** Identities and addresses whose connections carry the calls of many others. */
  readonly isBulk: (peer: string) => boolean;
}

/**
 * Who has how many connections. Each peer has a bound, so that none can take all places. Where
 * there is no room, whoever has been idle for longest leaves: a place is for those who use it.
 */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #peers = new Map<string, Peer>();
  #count = 0;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /**
   * @param address of the other end, without the port.
   * @returns undefined when there is no room, and nobody idle to make some.
   */
  accept(address: string, close: () => void): Connection | undefined {
    const { limits, isSecured } = this.#options;
    const { connectionsMax, connectionsPerAddressMax, connectionsReserve } = limits;
    const countMax = isSecured ? connectionsPerAddressMax : connectionsMax - connectionsReserve;
    const peer = this.#peer(address, Math.min(countMax, connectionsMax));
    if (!this.#makeRoom(peer)) return undefined;
    if (this.#count >= connectionsMax && !this.#greediest()?.endIdle()) return undefined;
    this.#count += 1;
    return new Place(this.#options, peer, close, {
      peerOf: (identity) => this.#identified(identity),
      gone: () => {
        this.#count -= 1;
      },
    });
  }

  #identified(identity: string | undefined): Peer | undefined {
    const peer = this.#peer(identity ?? "nobody", this.#options.limits.connectionsPerPeerMax);
    return this.#makeRoom(peer) ? peer : undefined;
  }

  #makeRoom(peer: Peer): boolean {
    return peer.isBulk || peer.size < peer.countMax || peer.endIdle();
  }

  /** The peer with the most connections of those that have an idle one. */
  #greediest(): Peer | undefined {
    let greediest: Peer | undefined;
    for (const peer of this.#peers.values()) {
      if (peer.hasIdle && peer.size > (greediest?.size ?? 0)) greediest = peer;
    }
    return greediest;
  }

  #peer(name: string, countMax: number): Peer {
    const { limits, isBulk } = this.#options;
    const peers = this.#peers;
    return peers.get(name) ?? new Peer({ name, peers, countMax, isBulk: isBulk(name), limits });
  }
}

const SPEAKERS = new WeakMap<Http2Session | Socket, Connection>();

/** Keeps in mind that a session, or a socket of HTTP/1.1, speaks over this connection. */
export function spokenOver(connection: Connection, speaker: Http2Session | Socket): void {
  SPEAKERS.set(speaker, connection);
}

export function connectionOf(speaker: Http2Session | Socket): Connection {
  const connection = SPEAKERS.get(speaker);
  if (connection === undefined) throw new Error("bug: a connection that nobody has taken");
  return connection;
}

interface PeerOptions {
  readonly name: string;
  /** Those with at least one connection. */
  readonly peers: Map<string, Peer>;
  readonly countMax: number;
  readonly isBulk: boolean;
  readonly limits: ServerLimits;
}

/** All connections of an identity, or of an address. */
class Peer {
  readonly countMax: number;
  readonly isBulk: boolean;
  readonly held: HeldBytes;
  requests = 0;
  readonly #name: string;
  readonly #peers: Map<string, Peer>;
  readonly #places = new Set<Place>();
  /** In the order in which they became idle. */
  readonly #idle = new Set<Place>();

  constructor({ name, peers, countMax, isBulk, limits }: PeerOptions) {
    this.countMax = countMax;
    this.isBulk = isBulk;
    this.held = new HeldBytes(limits.heldBytesMax);
    this.#name = name;
    this.#peers = peers;
  }

  get size(): number {
    return this.#places.size;
  }

  get hasIdle(): boolean {
    return this.#idle.size > 0;
  }

  add(place: Place): void {
    this.#peers.set(this.#name, this);
    this.#places.add(place);
    this.#idle.add(place);
  }

  remove(place: Place): void {
    this.#places.delete(place);
    this.#idle.delete(place);
    if (this.size === 0) this.#peers.delete(this.#name);
  }

  setIdle(place: Place, isIdle: boolean): void {
    if (isIdle) this.#idle.add(place);
    else this.#idle.delete(place);
  }

  /** Ends what has been idle for longest. @returns whether there was one. */
  endIdle(): boolean {
    for (const place of this.#idle) {
      place.leave();
      return true;
    }
    return false;
  }
}

interface Registry {
  /** Undefined when there is no room for another connection of this identity. */
  readonly peerOf: (identity: string | undefined) => Peer | undefined;
  readonly gone: () => void;
}

class Place implements Connection {
  readonly #options: ConnectionsOptions;
  readonly #registry: Registry;
  readonly #own: HeldBytes;
  #peer: Peer;
  #close: () => void;
  #timer: Timer;
  #requests = 0;
  #isIdentified = false;
  #isGone = false;

  constructor(options: ConnectionsOptions, peer: Peer, close: () => void, registry: Registry) {
    const { clock, limits } = options;
    this.#options = options;
    this.#registry = registry;
    this.#own = new HeldBytes(limits.heldBytesMax);
    this.#peer = peer;
    this.#close = close;
    this.#timer = clock.timer(limits.handshakeMsMax, () => this.leave());
    peer.add(this);
  }

  get held(): HeldBytes {
    return this.#isIdentified && !this.#peer.isBulk ? this.#peer.held : this.#own;
  }

  get isBulk(): boolean {
    return this.#peer.isBulk;
  }

  identify(identity: string | undefined): void {
    if (this.#isGone) return;
    const peer = this.#registry.peerOf(identity);
    if (peer === undefined) {
      this.leave();
      return;
    }
    this.#peer.remove(this);
    this.#peer = peer;
    this.#isIdentified = true;
    peer.add(this);
  }

  greeted(): void {
    if (!this.#isGone && this.#requests === 0) this.#awaitRequest();
  }

  onIdle(close: () => void): void {
    this.#close = close;
  }

  begin(): boolean {
    const { streamsPerPeerMax } = this.#options.limits;
    const isLimited = this.#isIdentified && !this.#peer.isBulk;
    if (this.#isGone || (isLimited && this.#peer.requests >= streamsPerPeerMax)) return false;
    this.#requests += 1;
    this.#peer.requests += 1;
    this.#timer.cancel();
    this.#peer.setIdle(this, false);
    return true;
  }

  end(): void {
    this.#requests -= 1;
    this.#peer.requests -= 1;
    if (this.#requests > 0 || this.#isGone) return;
    this.#peer.setIdle(this, true);
    this.#awaitRequest();
  }

  /** Makes room at once; the end of the socket follows. */
  leave(): void {
    this.closed();
    this.#close();
  }

  closed(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#timer.cancel();
    this.#peer.remove(this);
    this.#registry.gone();
  }

  #awaitRequest(): void {
    this.#timer.cancel();
    const { clock, limits } = this.#options;
    this.#timer = clock.timer(limits.idleMsMax, () => this.leave());
  }
}
