import type pg from "pg";

/** A statement that may be caught on its way. */
interface StrandedKind {
  readonly name: string;
  /** Whether it comes too late after a statement with this name about the same records. */
  readonly isLateAfter: (name: string) => boolean;
  /** Whether its program dies of it; else it waits for an answer as long as its driver does. */
  readonly isFatal: boolean;
}

const isClaim = (name: string) => name.startsWith("claim_");

/** What is fenced: by a record's claim number, or by the state that it has meanwhile. */
export const STRANDED_KINDS: readonly StrandedKind[] = [
  { name: "begin_reversals", isLateAfter: isClaim, isFatal: true },
  { name: "mark_records_forwarded", isLateAfter: isClaim, isFatal: true },
  {
    name: "complete_records",
    isLateAfter: (name) => name === "begin_reversals",
    isFatal: false,
  },
];

/**
 * A statement that PostgreSQL does late: when somebody has changed the same records, at the very
 * moment at which it could do harm.
 */
export class StrandedStatement {
  #wanted: StrandedKind | undefined;
  #caught: Caught | undefined;

  /** The next one of this kind is caught. */
  catch(kind: StrandedKind): void {
    this.#wanted = kind;
  }

  /** @returns which kind it is when it is caught: `run` is for later. */
  isCaught({ name, values = [] }: pg.QueryConfig, run: () => void): StrandedKind | undefined {
    const kind = this.#wanted;
    if (kind === undefined || kind.name !== name) return undefined;
    this.#wanted = undefined;
    this.#caught = { kind, values, run };
    return kind;
  }

  /** PostgreSQL has done a statement that changed these records. */
  seeDone(name: string, recordNumbers: readonly string[]): void {
    const caught = this.#caught;
    if (caught?.kind.isLateAfter(name) !== true) return;
    if (recordNumbers.some((number) => isAbout(caught, number))) this.release();
  }

  /** Now it is done. Nothing is caught from here on. */
  release(): void {
    const caught = this.#caught;
    this.#wanted = undefined;
    this.#caught = undefined;
    caught?.run();
  }
}

interface Caught {
  readonly kind: StrandedKind;
  readonly values: readonly unknown[];
  readonly run: () => void;
}

/** A batch has its record numbers in an array of texts, in binary. */
function isAbout({ values }: Caught, recordNumber: string): boolean {
  return values.some((value) => Buffer.isBuffer(value) && value.includes(recordNumber));
}
