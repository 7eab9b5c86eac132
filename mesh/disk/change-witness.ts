import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";

const NUMBER_BYTES = 8;
/** The number, and its complement: zeros and a torn half are no number. */
const WITNESS_BYTES = 2 * NUMBER_BYTES;
const FILE_MODE = 0o600;

/**
 * How many changes a database has seen, in a file beside it. SQLite takes a log that is cut short,
 * damaged or gone for one that ends there, and shows what was before: the witness knows better.
 *
 * It is written after each change and never synced. After a power cut it may be behind the
 * database, and says nothing; it is never ahead of a database that has lost nothing.
 */
export class ChangeWitness implements Disposable {
  readonly #descriptor: number;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Makes the file when it is missing. @throws Error of the file system. */
  static open(path: string): ChangeWitness {
    return new ChangeWitness(openSync(path, constants.O_RDWR | constants.O_CREAT, FILE_MODE));
  }

  /** Undefined when nobody wrote it, or it is damaged. */
  read(): bigint | undefined {
    const bytes = Buffer.alloc(WITNESS_BYTES);
    try {
      readSync(this.#descriptor, bytes, 0, WITNESS_BYTES, 0);
    } catch {
      // A sector that cannot be read says as much as one that is not there.
      return undefined;
    }
    const number = bytes.readBigUInt64BE(0);
    const complement = bytes.readBigUInt64BE(NUMBER_BYTES);
    return complement === BigInt.asUintN(64, ~number) ? number : undefined;
  }

  write(number: bigint): void {
    const bytes = Buffer.alloc(WITNESS_BYTES);
    bytes.writeBigUInt64BE(number, 0);
    bytes.writeBigUInt64BE(BigInt.asUintN(64, ~number), NUMBER_BYTES);
    writeSync(this.#descriptor, bytes, 0, WITNESS_BYTES, 0);
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }
}
