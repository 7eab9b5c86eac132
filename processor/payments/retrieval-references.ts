import type { HotDatabase } from "../../prisma/hot-database.ts";

const BLOCK_SIZE = 1_000n;
/** DE 37 is an 12. */
const DIGITS = 12;

/**
 * Retrieval references (DE 37), 12 digits each: blocks of a thousand from a sequence of the
 * database, so that several processors never give the same one. A crash leaves a gap.
 */
export class RetrievalReferences {
  readonly #database: HotDatabase;
  #next = 0n;
  #end = 0n;

  constructor(database: HotDatabase) {
    this.#database = database;
  }

  async take(count: number): Promise<readonly string[]> {
    const references: string[] = [];
    while (references.length < count) {
      if (this.#next === this.#end) await this.#takeBlock();
      references.push(String(this.#next).padStart(DIGITS, "0"));
      this.#next += 1n;
    }
    return references;
  }

  async #takeBlock(): Promise<void> {
    const [row] = await this.#database.run<{ block: bigint }>(NEXT_BLOCK, []);
    if (row === undefined) throw new Error("bug: a sequence gave no number");
    this.#next = row.block * BLOCK_SIZE + 1n;
    this.#end = this.#next + BLOCK_SIZE;
  }
}

const NEXT_BLOCK = {
  name: "retrieval_reference.block",
  text: "SELECT nextval('processor.retrieval_reference_block') AS block",
};
