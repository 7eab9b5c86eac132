import { CallTurns } from "../limits/turns.ts";
import { HeldBytes } from "../stream/held-bytes.ts";
import type { ServerLimits } from "./server-limits.ts";

/**
 * It has been idle for too long, or another needs its place; its peer has no right to be here any
 * more; or its peer is barred.
 */
export type Leaving = "idle" | "unwelcome" | "barred";

/** A connection, as far as others may end it. */
export interface Leaver {
  /** What its peer did over it that an honest client does seldom. */
  readonly offences: number;
  leave(why: Leaving): void;
}

interface PeerOptions {
  readonly name: string;
  /** Those with at least one connection. */
  readonly peers: Map<string, PeerConnections>;
  readonly countMax: number;
  readonly isBulk: boolean;
  readonly limits: ServerLimits;
}

/** All connections of an identity, or of an address. */
export class PeerConnections {
  readonly countMax: number;
  readonly isBulk: boolean;
  readonly held: HeldBytes;
  readonly turns: CallTurns;
  requests = 0;
  readonly name: string;
  readonly #peers: Map<string, PeerConnections>;
  readonly #places = new Set<Leaver>();
  /** In the order in which they became idle. */
  readonly #idle = new Set<Leaver>();

  constructor({ name, peers, countMax, isBulk, limits }: PeerOptions) {
    this.countMax = countMax;
    this.isBulk = isBulk;
    this.held = new HeldBytes(limits.heldBytesMax);
    this.turns = new CallTurns(limits.callsAtOnceMax, limits.listsAtOnceMax);
    this.name = name;
    this.#peers = peers;
  }

  get size(): number {
    return this.#places.size;
  }

  get hasIdle(): boolean {
    return this.#idle.size > 0;
  }

  add(place: Leaver): void {
    this.#peers.set(this.name, this);
    this.#places.add(place);
    this.#idle.add(place);
  }

  remove(place: Leaver): void {
    this.#places.delete(place);
    this.#idle.delete(place);
    if (this.size === 0) this.#peers.delete(this.name);
  }

  setIdle(place: Leaver, isIdle: boolean): void {
    if (isIdle) this.#idle.add(place);
    else this.#idle.delete(place);
  }

  /** Ends what has been idle for longest. @returns whether there was one. */
  endIdle(): boolean {
    for (const place of this.#idle) {
      place.leave("idle");
      return true;
    }
    return false;
  }

  /** Ends those over which there were so many offences, and no other of the same identity. */
  endOffenders(offencesMin: number): void {
    for (const place of [...this.#places]) {
      if (place.offences >= offencesMin) place.leave("barred");
    }
  }
}
