import { concatBytes, isAllZero } from "../bytes.ts";
import { encipherBlock } from "./pin-block.ts";

/** Key serial number: initial key id[8] ‖ counter u32 big-endian. */
export const ksnBytes = 12;
export const initialKeyIdBytes = 8;
export const dukptKeyBytes = 16;

/** X9.24-3, 6.3.2: what a derived key is for. */
const KEY_USAGES = {
  pinEncryption: 0x1000,
  keyDerivation: 0x8000,
  keyDerivationInitialKey: 0x8001,
} as const;

/** A counter with more one-bits is skipped, so that no key is more than 16 derivations deep. */
const oneBitsMax = 16;
/** The last counter with 16 one-bits: after it the device needs a new initial key. */
const counterMax = 0xffff_0000;
const registersCount = 32;
const stateVersion = 1;
const registersOffset = 1 + ksnBytes;
const stateBytes = registersOffset + registersCount * dukptKeyBytes;

/**
 * The reader's side of AES-128 DUKPT (ANSI X9.24-3:2017, 6.4 and 6.5): a register of 32
 * intermediate keys, one per counter bit. A key is erased as soon as it has been used and its
 * children have been derived, so a stolen reader gives none of the PIN keys it used before.
 */
export class DukptRegister {
  readonly #initialKeyId: Uint8Array;
  /** 32 keys in one array; a key that was erased is zero. */
  readonly #keys: Uint8Array;
  /** Of the next payment; 0 when all keys are used. */
  #counter: number;

  private constructor(initialKeyId: Uint8Array, keys: Uint8Array, counter: number) {
    this.#initialKeyId = initialKeyId;
    this.#keys = keys;
    this.#counter = counter;
  }

  /** A new device. `initialKey` (16 bytes) is of no use afterwards: the caller wipes it. */
  static load(initialKeyId: Uint8Array, initialKey: Uint8Array): DukptRegister {
    requireLength("an initial key id", initialKeyId, initialKeyIdBytes);
    requireLength("an initial key", initialKey, dukptKeyBytes);
    const keys = new Uint8Array(registersCount * dukptKeyBytes);
    const register = new DukptRegister(new Uint8Array(initialKeyId), keys, 0);
    register.#deriveBelow(registersCount, initialKey);
    register.#counter = 1;
    return register;
  }

  /** Continues with what `serialize` gave. @throws Error when it is not whole. */
  static parse(state: Uint8Array): DukptRegister {
    requireLength("a DUKPT register", state, stateBytes);
    if (state[0] !== stateVersion) throw new Error("a DUKPT register has version 1");
    const counter = new DataView(state.buffer, state.byteOffset).getUint32(1 + initialKeyIdBytes);
    const register = new DukptRegister(
      state.slice(1, 1 + initialKeyIdBytes),
      state.slice(registersOffset),
      counter,
    );
    if (!register.#isWhole()) throw new Error("a DUKPT register does not match its counter");
    return register;
  }

  get initialKeyId(): Uint8Array {
    return this.#initialKeyId.slice();
  }

  /** version 1 ‖ initial key id[8] ‖ counter u32 big-endian ‖ 32 keys of 16 bytes: 525 bytes. */
  serialize(): Uint8Array {
    return concatBytes(Uint8Array.of(stateVersion), this.#ksn(), this.#keys);
  }

  /**
   * The PIN key of the next payment, which the caller wipes, and its key serial number. Store
   * `serialize()` durably before the key is used: a crash then loses a key, and never repeats one.
   *
   * @throws Error when the device has used all its keys.
   */
  nextPinKey(): { readonly ksn: Uint8Array; readonly pinKey: Uint8Array } {
    if (this.#counter === 0) throw new Error("the reader has used all its PIN keys");
    const ksn = this.#ksn();
    const position = lowestOneBit(this.#counter);
    const key = this.#key(position);
    const pinKey = deriveKey(key, "pinEncryption", this.#initialKeyId, this.#counter);
    if (oneBits(this.#counter) < oneBitsMax) this.#deriveBelow(position, key);
    key.fill(0);
    this.#counter = nextCounter(this.#counter);
    return { ksn, pinKey };
  }

  /** Fills the registers under `position` with the children of `key`. */
  #deriveBelow(position: number, key: Uint8Array): void {
    for (let below = position - 1; below >= 0; below -= 1) {
      const childCounter = this.#counter + 2 ** below;
      this.#key(below).set(deriveKey(key, "keyDerivation", this.#initialKeyId, childCounter));
    }
  }

  #key(position: number): Uint8Array {
    return this.#keys.subarray(position * dukptKeyBytes, (position + 1) * dukptKeyBytes);
  }

  #ksn(): Uint8Array {
    return keySerialNumber(this.#initialKeyId, this.#counter);
  }

  /** The counter says which registers are filled: its lowest one-bit, and each zero-bit above. */
  #isWhole(): boolean {
    if (this.#counter === 0) return isAllZero(this.#keys);
    if (!isPossibleCounter(this.#counter)) return false;
    const lowest = lowestOneBit(this.#counter);
    for (let position = 0; position < registersCount; position += 1) {
      const isOne = Math.floor(this.#counter / 2 ** position) % 2 === 1;
      const isFilled = !isAllZero(this.#key(position));
      if (isFilled !== (position === lowest || (position > lowest && !isOne))) return false;
    }
    return true;
  }
}

/**
 * One step of derivation (X9.24-3, 6.3): AES(key, derivation data).
 *
 * Derivation data: 01 ‖ 01 (first block) ‖ usage u16 ‖ 0002 (AES-128) ‖ 0080 (bits) ‖ last 4 bytes
 * of the initial key id ‖ counter u32, all big-endian.
 */
export function deriveKey(
  key: Uint8Array,
  usage: keyof typeof KEY_USAGES,
  initialKeyId: Uint8Array,
  counter: number,
): Uint8Array {
  const serialNumber = keySerialNumber(initialKeyId, counter).subarray(4);
  return encipherBlock(key, concatBytes(derivationHead(usage), serialNumber));
}

/** The first half of the derivation data, up to what tells one device or payment from another. */
function derivationHead(usage: keyof typeof KEY_USAGES): Uint8Array {
  const code = KEY_USAGES[usage];
  return Uint8Array.of(0x01, 0x01, code >> 8, code & 0xff, 0x00, 0x02, 0x00, 0x80);
}

/** Whether a device can have used this counter: 1 to 16 one-bits. */
export function isPossibleCounter(counter: number): boolean {
  return counter >= 1 && counter <= counterMax && oneBits(counter) <= oneBitsMax;
}

export function keySerialNumber(initialKeyId: Uint8Array, counter: number): Uint8Array {
  const ksn = new Uint8Array(ksnBytes);
  ksn.set(initialKeyId);
  new DataView(ksn.buffer).setUint32(initialKeyIdBytes, counter);
  return ksn;
}

/** The next counter with at most 16 one-bits (X9.24-3, 6.5); 0 when there is none. */
function nextCounter(counter: number): number {
  if (counter === counterMax) return 0;
  // With 16 one-bits the children would have 17: adding the lowest bit skips all of them.
  return oneBits(counter) < oneBitsMax ? counter + 1 : counter + 2 ** lowestOneBit(counter);
}

function oneBits(counter: number): number {
  let count = 0;
  for (let rest = counter; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}

/** Position of the lowest one-bit, 0 to 31. */
function lowestOneBit(counter: number): number {
  return 31 - Math.clz32(counter & -counter);
}

function requireLength(name: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) {
    throw new Error(`${name} has ${length} bytes, got ${bytes.length}`);
  }
}

/**
 * The initial key that is loaded into one reader (ANSI X9.24-3:2017, 6.3.3): 16 bytes, which the
 * caller wipes. `initialKeyId` is the reader's own, 8 bytes.
 */
export function deriveInitialKey(
  baseDerivationKey: Uint8Array,
  initialKeyId: Uint8Array,
): Uint8Array {
  if (baseDerivationKey.length !== dukptKeyBytes || initialKeyId.length !== initialKeyIdBytes) {
    throw new Error("bug: base derivation key and initial key id have 16 and 8 bytes");
  }
  const data = concatBytes(derivationHead("keyDerivationInitialKey"), initialKeyId);
  return encipherBlock(baseDerivationKey, data);
}
