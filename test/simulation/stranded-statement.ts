/** Statements that may be caught on their way: those that are fenced by a record's claim number. */
export const FENCED_STATEMENTS = ["begin_reversals", "mark_records_forwarded"];

/**
 * A statement whose program dies after it has sent it, and that PostgreSQL does late: when somebody
 * else has claimed the same records, at the very moment at which it could do harm.
 */
export class StrandedStatement {
  #caught: string | undefined;
  #run: (() => void) | undefined;

  /** The next one with this name is caught. */
  catch(name: string): void {
    this.#caught = name;
  }

  /** @returns whether it is caught: its program must die, and `run` is for later. */
  isCaught(name: string, run: () => void): boolean {
    if (name !== this.#caught) return false;
    this.#caught = undefined;
    this.#run = run;
    return true;
  }

  /** Now it is done. Nothing is caught from here on. */
  release(): void {
    const run = this.#run;
    this.#caught = undefined;
    this.#run = undefined;
    run?.();
  }
}
