import type { Agreement } from "./curves.ts";

/**
 * One private key's shared keys, computed once per peer. The least recently used goes first when
 * there are too many; an expired or revoked peer is evicted by name.
 */
export class SharedKeys {
  readonly #agreement: Agreement;
  readonly #peersMax: number;
  readonly #byPeer = new Map<string, Uint8Array>();

  constructor(options: { readonly agreement: Agreement; readonly peersMax: number }) {
    if (options.peersMax < 1)
      throw new Error(`bug: peersMax is at least 1, got ${options.peersMax}`);
    this.#agreement = options.agreement;
    this.#peersMax = options.peersMax;
  }

  get size(): number {
    return this.#byPeer.size;
  }

  /** @throws SealedDataRejected for a peer key of low order, which is not kept. */
  sharedKey(peerPublicKey: Uint8Array): Uint8Array {
    const peer = nameOf(peerPublicKey);
    const known = this.#byPeer.get(peer);
    const key = known ?? this.#agreement.sharedKey(peerPublicKey);
    this.#byPeer.delete(peer);
    this.#byPeer.set(peer, key); // A map keeps the order of insertion: the last used comes last.
    if (this.#byPeer.size > this.#peersMax) this.#evictOldest();
    return key;
  }

  evict(peerPublicKey: Uint8Array): void {
    const peer = nameOf(peerPublicKey);
    this.#byPeer.get(peer)?.fill(0);
    this.#byPeer.delete(peer);
  }

  #evictOldest(): void {
    for (const [peer, key] of this.#byPeer) {
      key.fill(0);
      this.#byPeer.delete(peer);
      return;
    }
  }
}

function nameOf(publicKey: Uint8Array): string {
  return Buffer.from(publicKey).toString("latin1");
}
