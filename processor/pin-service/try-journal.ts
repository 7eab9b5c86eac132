import { type DurableFiles, FileDamaged } from "../../mesh/disk/durable-files.ts";
import type { Log } from "../../mesh/log.ts";
import { parsePaymentId, paymentIdFromBytes, paymentIdToBytes } from "../../payment/identifiers.ts";
import type { Attempt, KeptTry, NewVerdict } from "./pin-store.ts";

/**
 * Wrong PINs outside PostgreSQL, a file for each card that has used up a try: a database that is
 * restored gives nobody a try back. Right PINs cost nothing here, unless a wrong one came before.
 */
export class TryJournal {
  readonly #files: DurableFiles;
  readonly #log: Log;
  readonly #kept: Map<string, KeptTry>;
  /** Cards of which the disk did not take the last change: no verdict leaves before it does. */
  readonly #unwritten = new Set<string>();

  private constructor(files: DurableFiles, log: Log, kept: Map<string, KeptTry>) {
    this.#files = files;
    this.#log = log;
    this.#kept = kept;
  }

  /** A file that cannot be read any more counts as a card without tries. */
  static async open(files: DurableFiles, log: Log): Promise<TryJournal> {
    if (files.memory !== "whole") log.error("PIN tries outside PostgreSQL may be forgotten");
    const kept = new Map<string, KeptTry>();
    for (const name of await files.list(PREFIX)) {
      const token = name.slice(PREFIX.length, -SUFFIX.length);
      kept.set(token, await readTry(files, name, Buffer.from(token, "hex"), log));
    }
    return new TryJournal(files, log, kept);
  }

  /** Undefined for a card of which no try is used up, as far as this instance knows. */
  find(cardToken: Uint8Array): KeptTry | undefined {
    return this.#kept.get(hex(cardToken));
  }

  all(): readonly KeptTry[] {
    return [...this.#kept.values()];
  }

  /**
   * Writes down what was just settled; only then a verdict may leave.
   *
   * @param verdicts one for each attempt.
   * @throws Error when the disk takes no wrong PIN: nobody may hear of its verdict.
   */
  async note(attempts: readonly Attempt[], verdicts: readonly NewVerdict[]): Promise<void> {
    attempts.forEach((attempt, index) => {
      const verdict = verdicts[index];
      if (verdict === undefined) throw new Error("bug: an attempt without a verdict");
      if (this.#change(attempt, verdict)) this.#unwritten.add(hex(attempt.cardToken));
    });
    for (const token of new Set(attempts.map(({ cardToken }) => hex(cardToken)))) {
      if (!this.#unwritten.has(token)) continue;
      await this.#write(token);
      this.#unwritten.delete(token);
    }
  }

  /** An operator has unlocked the card. */
  async forget(cardToken: Uint8Array): Promise<void> {
    const token = hex(cardToken);
    if (!this.#kept.delete(token)) return;
    await this.#files.remove(nameOf(token));
  }

  /** @returns whether there is something to write. */
  #change(attempt: Attempt, { verdict, triesLeft, isRepeated }: NewVerdict): boolean {
    const { cardToken, ksn, digest, paymentId } = attempt;
    const token = hex(cardToken);
    const known = this.#kept.get(token);
    if (verdict === "VERIFIED") return !isRepeated && this.#kept.delete(token);
    if (verdict !== "WRONG") return false;
    // What is repeated may not have been written at the first time; but it may be long ago, too.
    if (isRepeated && known !== undefined && known.triesLeft <= triesLeft) return false;
    this.#kept.set(token, { cardToken, ksn, digest, paymentId, triesLeft });
    return true;
  }

  async #write(token: string): Promise<void> {
    const kept = this.#kept.get(token);
    if (kept !== undefined) {
      const { ksn, digest, paymentId, triesLeft } = kept;
      const parts = [[VERSION, triesLeft], ksn, digest, paymentIdToBytes(paymentId)];
      await this.#files.write(nameOf(token), Buffer.concat(parts.map((part) => Buffer.from(part))));
      return;
    }
    try {
      await this.#files.remove(nameOf(token));
    } catch (error) {
      // A right PIN is right all the same: the database knows of the wrong one, and went on.
      this.#log.failure("a used PIN try could not be taken off the disk", error);
    }
  }
}

const PREFIX = "tries-";
const SUFFIX = ".bin";

function nameOf(token: string): string {
  return `${PREFIX}${token}${SUFFIX}`;
}

/** version ‖ tries left ‖ ksn[12] ‖ digest[64] ‖ payment id[16]. */
const VERSION = 1;
const KSN_END = 2 + 12;
const DIGEST_END = KSN_END + 64;
const FILE_BYTES = DIGEST_END + 16;

async function readTry(
  files: DurableFiles,
  name: string,
  cardToken: Uint8Array,
  log: Log,
): Promise<KeptTry> {
  try {
    const bytes = await files.read(name);
    if (bytes?.length === FILE_BYTES && bytes[0] === VERSION) {
      return {
        cardToken,
        ksn: bytes.subarray(2, KSN_END),
        digest: bytes.subarray(KSN_END, DIGEST_END),
        paymentId: paymentIdFromBytes(bytes.subarray(DIGEST_END)),
        triesLeft: bytes[1] ?? 0,
      };
    }
  } catch (error) {
    if (!(error instanceof FileDamaged)) throw error;
  }
  log.error("the used PIN tries of a card cannot be read, so it has none left");
  // No verdict has this number: the database does not know it, and locks the card once.
  const ksn = cardToken.subarray(0, KSN_END - 2);
  const digest = new Uint8Array(DIGEST_END - KSN_END);
  return { cardToken, ksn, digest, paymentId: NOBODYS, triesLeft: 0 };
}

/** No payment has it: it stands for what cannot be read any more. */
const NOBODYS = parsePaymentId("00000000-0000-7000-8000-000000000000");

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
