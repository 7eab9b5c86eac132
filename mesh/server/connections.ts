import type { Http2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Timer } from "../clock.ts";
import { RateLimits } from "../limits/rate-limits.ts";
import { CallTurns } from "../limits/turns.ts";
import { HeldBytes } from "../stream/held-bytes.ts";
import type { PeerConnection } from "../stream/http2-frame-stream.ts";
import { SmallPieces } from "../stream/message-pieces.ts";
import type { Surroundings } from "../surroundings.ts";
import { Offences } from "./offences.ts";
import { type Leaver, type Leaving, PeerConnections } from "./peer-connections.ts";
import type { ServerLimits } from "./server-limits.ts";

/** One connection as its server counts it. */
export interface Connection extends PeerConnection {
  /** Whether its peer carries the calls of many others. */
  readonly isBulk: boolean;
  /** In which its calls begin, by their kind: shared by all connections of an identity. */
  readonly turns: CallTurns;
  /** The peer has proved who it is; it now shares what this identity may have. */
  identify(identity: string | undefined): void;
  /** The peer has said what HTTP wants to hear first. */
  greeted(): void;
  /** How to end it. */
  onLeave(close: (why: Leaving) => void): void;
  /** Ends it. */
  leave(why: Leaving): void;
  /** @returns false when the peer has too many requests under way; it may not go on then. */
  begin(): boolean;
  /** One that was begun is over. */
  end(): void;
  /** The peer did what an honest client does seldom. */
  offence(): void;
  /** The connection is gone. */
  closed(): void;
}

export interface ConnectionsOptions extends Pick<Surroundings, "clock" | "log"> {
  readonly limits: ServerLimits;
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
  readonly #peers = new Map<string, PeerConnections>();
  readonly #handshakes: RateLimits;
  readonly #offences: Offences;
  #count = 0;

  constructor(options: ConnectionsOptions) {
    const { limits, clock, log } = options;
    this.#options = options;
    this.#handshakes = new RateLimits(limits.handshakeRate, clock);
    this.#offences = new Offences(limits.offenceRate, { clock, log });
  }

  /**
   * @param address of the other end, without the port.
   * @returns undefined when there is no room, and nobody idle to make some, or when too many have
   *   come from there in too short a time.
   */
  accept(address: string, close: (why: Leaving) => void): Connection | undefined {
    const { limits, isSecured } = this.#options;
    const { connectionsMax, connectionsPerAddressMax, connectionsReserve } = limits;
    const countMax = isSecured ? connectionsPerAddressMax : connectionsMax - connectionsReserve;
    const peer = this.#peer(address, Math.min(countMax, connectionsMax));
    if (isSecured && !peer.isBulk && !this.#handshakes.isWithin(address)) return undefined;
    if (!this.#makeRoom(peer)) return undefined;
    if (this.#count >= connectionsMax && !this.#greediest()?.endIdle()) return undefined;
    this.#count += 1;
    return new Place(this.#options, peer, close, {
      peerOf: (identity) => this.#identified(identity),
      offended: (by) => this.#offended(by),
      barred: ({ name }) => this.#offences.bar(name),
      gone: () => {
        this.#count -= 1;
      },
    });
  }

  #offended(peer: PeerConnections): void {
    const { offenceRate, connectionsPerPeerMax } = this.#options.limits;
    if (!this.#offences.count(peer.name)) return;
    peer.endOffenders(offenceRate.burst / connectionsPerPeerMax);
  }

  #identified(identity: string | undefined): PeerConnections | undefined {
    const name = identity ?? NOBODY;
    if (this.#offences.isBarred(name)) return undefined;
    const peer = this.#peer(name, this.#options.limits.connectionsPerPeerMax);
    return this.#makeRoom(peer) ? peer : undefined;
  }

  #makeRoom(peer: PeerConnections): boolean {
    return peer.isBulk || peer.size < peer.countMax || peer.endIdle();
  }

  /** The peer with the most connections of those that have an idle one. */
  #greediest(): PeerConnections | undefined {
    let greediest: PeerConnections | undefined;
    for (const peer of this.#peers.values()) {
      if (peer.hasIdle && peer.size > (greediest?.size ?? 0)) greediest = peer;
    }
    return greediest;
  }

  #peer(name: string, countMax: number): PeerConnections {
    const { limits, isBulk } = this.#options;
    const peers = this.#peers;
    return (
      peers.get(name) ??
      new PeerConnections({ name, peers, countMax, isBulk: isBulk(name), limits })
    );
  }
}

/** An honest client resets a call now and then: what came before a quiet minute does not count. */
const REMEMBERED_MS = 60_000;

/** All peers whose certificate names nobody. */
const NOBODY = "nobody";

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

type Shared = Pick<PeerConnections, "held" | "turns">;

interface Registry {
  /** Undefined when there is no room for another connection of this identity, or it is barred. */
  readonly peerOf: (identity: string | undefined) => PeerConnections | undefined;
  readonly offended: (by: PeerConnections) => void;
  readonly barred: (peer: PeerConnections) => void;
  readonly gone: () => void;
}

class Place implements Connection, Leaver {
  readonly #options: ConnectionsOptions;
  readonly #registry: Registry;
  readonly #own: Shared;
  readonly #smallPieces = new SmallPieces();
  #peer: PeerConnections;
  #close: (why: Leaving) => void;
  #timer: Timer;
  #offences = 0;
  #offendedAtMs = 0;
  #requests = 0;
  #isIdentified = false;
  #isGone = false;

  constructor(
    options: ConnectionsOptions,
    peer: PeerConnections,
    close: (why: Leaving) => void,
    registry: Registry,
  ) {
    const { clock, limits } = options;
    this.#options = options;
    this.#registry = registry;
    this.#own = {
      held: new HeldBytes(limits.heldBytesMax),
      turns: new CallTurns(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY),
    };
    this.#peer = peer;
    this.#close = close;
    this.#timer = clock.timer(limits.handshakeMsMax, () => this.leave("idle"));
    peer.add(this);
  }

  get held(): HeldBytes {
    return this.#sharing.held;
  }

  get turns(): CallTurns {
    return this.#sharing.turns;
  }

  get smallPieces(): SmallPieces | undefined {
    return this.#peer.isBulk ? undefined : this.#smallPieces;
  }

  get isBulk(): boolean {
    return this.#peer.isBulk;
  }

  get offences(): number {
    const isRecent = this.#options.clock.monotonicMs() - this.#offendedAtMs < REMEMBERED_MS;
    return isRecent ? this.#offences : 0;
  }

  identify(identity: string | undefined): void {
    if (this.#isGone) return;
    const peer = this.#registry.peerOf(identity);
    if (peer === undefined) {
      this.leave("idle");
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

  onLeave(close: (why: Leaving) => void): void {
    this.#close = close;
  }

  begin(): boolean {
    const { streamsPerPeerMax } = this.#options.limits;
    if (this.#isGone || (this.#isLimited && this.#peer.requests >= streamsPerPeerMax)) return false;
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

  offence(): void {
    if (!this.#isLimited || this.#isGone) return;
    this.#offences = this.offences + 1;
    this.#offendedAtMs = this.#options.clock.monotonicMs();
    this.#registry.offended(this.#peer);
  }

  harm(): void {
    if (this.#peer.isBulk || this.#isGone) return;
    if (this.#isIdentified) this.#registry.barred(this.#peer);
    this.leave("barred");
  }

  /** Makes room at once; the end of the socket follows. */
  leave(why: Leaving): void {
    this.closed();
    this.#close(why);
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
    this.#timer = clock.timer(limits.idleMsMax, () => this.leave("idle"));
  }

  /** Shared by an identity; each connection has its own in plaintext, and from a bulk peer. */
  get #sharing(): Shared {
    return this.#isLimited ? this.#peer : this.#own;
  }

  get #isLimited(): boolean {
    return this.#isIdentified && !this.#peer.isBulk;
  }
}
