import { type AuditEntry, entryHash, NO_HASH } from "./audit-entry.ts";

/** A place in the log that somebody wrote down, to be found again later. */
export interface AuditHead {
  readonly sequence: bigint;
  /** Lower-case hexadecimal. */
  readonly hash: string;
}

interface ChainReport {
  readonly entries: number;
  /** Undefined while the log is empty. */
  readonly head: AuditHead | undefined;
  /** What is wrong, a line each; of very many the first ones. */
  readonly faults: readonly string[];
  /** Acts that were begun and whose end nobody wrote down: what became of them is unknown. */
  readonly open: readonly bigint[];
}

const FAULTS_MAX = 20;

/**
 * Looks whether entries are a chain from the first one on. An entry that was changed, taken out or
 * put in shows at once. Entries cut off at the end, or a log that was made anew as a whole, show
 * only against a head from before.
 */
export class AuditChain {
  readonly #known: AuditHead | undefined;
  readonly #faults: string[] = [];
  readonly #open = new Set<bigint>();
  #entries = 0;
  #sequence = 0n;
  #hash: Uint8Array = NO_HASH;
  #hasMetKnown = false;

  /** @param known a head from before, which the log must still contain. */
  constructor(known?: AuditHead) {
    this.#known = known;
  }

  /** The next entry, oldest first. */
  take(entry: AuditEntry): void {
    const { sequence } = entry;
    if (sequence !== this.#sequence + 1n) {
      this.#fault(`after entry ${this.#sequence} comes entry ${sequence}`);
    }
    if (!isSame(entry.previousHash, this.#hash)) {
      this.#fault(`entry ${sequence} does not follow the one before it`);
    }
    if (!isSame(entry.hash, entryHash(entry))) this.#fault(`entry ${sequence} was changed`);
    this.#look(entry);
    this.#entries += 1;
    this.#sequence = sequence;
    this.#hash = entry.hash;
  }

  report(): ChainReport {
    const faults = [...this.#faults];
    if (this.#known !== undefined && !this.#hasMetKnown) {
      faults.push(`entry ${this.#known.sequence} is not there any more`);
    }
    const head =
      this.#entries === 0 ? undefined : { sequence: this.#sequence, hash: hexOf(this.#hash) };
    return { entries: this.#entries, head, faults, open: [...this.#open] };
  }

  #look({ sequence, step, ofSequence, hash }: AuditEntry): void {
    if (step === "BEGUN") this.#open.add(sequence);
    if (step === "DONE" || step === "REFUSED") this.#open.delete(ofSequence);
    if (sequence !== this.#known?.sequence) return;
    this.#hasMetKnown = true;
    if (hexOf(hash) !== this.#known.hash) {
      this.#fault(`entry ${sequence} is another one than it was: its hash was ${this.#known.hash}`);
    }
  }

  #fault(line: string): void {
    if (this.#faults.length < FAULTS_MAX) this.#faults.push(line);
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
