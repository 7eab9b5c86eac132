import { equalBytes } from "../../sealing/bytes.ts";
import { sha512 } from "../../sealing/curves/hash.ts";
import type { Random } from "../../sealing/random.ts";

/** How long a key is kept after its minute: no payment waits longer for its end. */
const KEPT_MINUTES = 10;
/** A chain so far ahead was made by a clock that was wrong. */
const AHEAD_MAX_MINUTES = 60;
/** Nothing that was sealed so long ago is open still: a chain is not followed further. */
const BEHIND_MAX_MINUTES = 2_880;

const MINUTE_MS = 60_000;
const SECRET_BYTES = 32;
const encoder = new TextEncoder();
const NEXT = encoder.encode("cardlane minute secret");
const KEY = encoder.encode("cardlane minute key");

/** The oldest secret that is kept; all later ones follow from it, no earlier one does. */
export interface ChainStart {
  /** Minutes since 1970. */
  readonly minute: number;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

/** Where the beginning of the chain stands while no relay runs. */
export interface ChainHome {
  /** Undefined when there is none, or nothing that can be used. */
  read(): ChainStart | undefined;
  /** What stood there before can be read no more. */
  write(start: ChainStart): void;
}

/** The key of one minute. */
interface MinuteKey {
  readonly minute: number;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/**
 * Keys that are forgotten ten minutes after their minute. Each secret is the hash of the one
 * before: relays that begin with the same chain have the same keys, and need not speak of them.
 */
export class MinuteKeys {
  readonly #home: ChainHome;
  readonly #around: { readonly nowMs: () => number; readonly random: Random };
  #start: ChainStart;
  #present: MinuteKey | undefined;

  /** @throws Error when the home cannot be read or written. */
  constructor(home: ChainHome, around: { readonly nowMs: () => number; readonly random: Random }) {
    this.#home = home;
    this.#around = around;
    this.#start = this.#kept(home.read());
    this.forget();
  }

  /** The key of this minute. A clock that was put back a little finds the oldest one there is. */
  get present(): MinuteKey {
    const minute = Math.max(this.#minute, this.#start.minute);
    if (this.#present?.minute !== minute) {
      this.#present = { minute, key: keyOf(secretAt(this.#start, minute)) };
    }
    return this.#present;
  }

  /** Undefined when it is forgotten, or so far ahead that no relay can have used it. */
  of(minute: number): Uint8Array | undefined {
    if (minute === this.present.minute) return this.present.key;
    const steps = minute - this.#start.minute;
    if (steps < 0 || steps > BEHIND_MAX_MINUTES) return undefined;
    return keyOf(secretAt(this.#start, minute));
  }

  /**
   * Forgets what is over, here and at home. What another relay has put there is taken over.
   *
   * @throws Error when the home cannot be read or written.
   */
  forget(): void {
    const home = this.#home.read();
    const kept = this.#kept(home ?? this.#start);
    const minute = Math.max(kept.minute, this.#minute - KEPT_MINUTES);
    const start = { minute, secret: secretAt(kept, minute) };
    if (home?.minute !== minute || !equalBytes(home.secret, start.secret)) this.#home.write(start);
    if (!equalBytes(this.#start.secret, start.secret)) this.#start.secret.fill(0);
    this.#start = start;
    this.#present = undefined;
  }

  get #minute(): number {
    return Math.floor(this.#around.nowMs() / MINUTE_MS);
  }

  /** Another chain where there is none, or where a wrong clock left one far from now. */
  #kept(found: ChainStart | undefined): ChainStart {
    const minute = this.#minute;
    const isNear =
      found !== undefined &&
      found.minute - minute <= AHEAD_MAX_MINUTES &&
      minute - found.minute <= BEHIND_MAX_MINUTES;
    return isNear ? found : { minute, secret: this.#around.random.bytes(SECRET_BYTES) };
  }
}

/** @param minute not before that of `start`. */
function secretAt(start: ChainStart, minute: number): Uint8Array {
  let secret = Uint8Array.from(start.secret);
  for (let at = start.minute; at < minute; at += 1) {
    const next = derived(NEXT, secret);
    secret.fill(0);
    secret = next;
  }
  return secret;
}

function keyOf(secret: Uint8Array): Uint8Array {
  const key = derived(KEY, secret);
  secret.fill(0);
  return key;
}

function derived(purpose: Uint8Array, secret: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = new Uint8Array(purpose.length + secret.length);
  text.set(purpose);
  text.set(secret, purpose.length);
  const hash = sha512(text);
  text.fill(0);
  return Uint8Array.from(hash.subarray(0, SECRET_BYTES));
}

/** For as long as the process lives. */
export function chainInMemory(): ChainHome {
  let kept: ChainStart | undefined;
  return {
    read: () => kept && { ...kept, secret: Uint8Array.from(kept.secret) },
    write({ minute, secret }) {
      kept = { minute, secret: Uint8Array.from(secret) };
    },
  };
}
