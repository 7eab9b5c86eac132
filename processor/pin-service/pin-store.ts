import type { PaymentId } from "../../payment/identifiers.ts";
import { binaryArray } from "../../prisma/binary-array.ts";
import type { HotDatabase } from "../../prisma/hot-database.ts";
import { RowParameters } from "../../prisma/row-parameters.ts";

/** Kept tries that are told to the database by one statement. */
const RECALLED_MAX = 1_000;

/** A PIN that was entered, as no more than its reference. */
export interface Attempt {
  /** 12 bytes. */
  readonly ksn: Uint8Array;
  /** SHA-512 of the reader_payment bytes. */
  readonly digest: Uint8Array;
  readonly paymentId: PaymentId;
  /** 32 bytes. */
  readonly cardToken: Uint8Array;
  /** 32 bytes; the PIN is right when it is the card's. */
  readonly pinReference: Uint8Array;
  /** The card's last wrong PIN, as it is kept outside the database. */
  readonly kept?: KeptTry | undefined;
}

export interface SettledAttempt {
  readonly verdict: "VERIFIED" | "WRONG" | "TRIES_EXCEEDED" | "REFUSED";
  /** 0 to 3. */
  readonly triesLeft: number;
}

/** The last wrong PIN of a card: as much of its verdict as a restored database has to be told. */
export interface KeptTry {
  /** 32 bytes. */
  readonly cardToken: Uint8Array;
  /** 12 bytes. */
  readonly ksn: Uint8Array;
  /** 64 bytes. */
  readonly digest: Uint8Array;
  readonly paymentId: PaymentId;
  /** 0 to 2. */
  readonly triesLeft: number;
}

/** What was settled, and whether it was settled before. */
export type NewVerdict = SettledAttempt & { readonly isRepeated: boolean };

export interface PinCard {
  readonly cardToken: Uint8Array;
  /** 32 bytes. */
  readonly pinReference: Uint8Array;
}

/** References, tries and verdicts: PostgreSQL schema `pin`. */
export class PinStore {
  readonly #database: HotDatabase;

  constructor(database: HotDatabase) {
    this.#database = database;
  }

  /**
   * Says of each PIN whether it is right, in the same order. Counts tries and keeps verdicts; those
   * that were kept before are repeated. For a card that is not known nothing is counted or kept. A
   * card has no more tries than its `kept` says, unless the database knows of that and went on.
   */
  async settle(attempts: readonly Attempt[]): Promise<readonly NewVerdict[]> {
    const rows = await this.#database.run<SettledRow>(SETTLE, attemptParameters.values(attempts));
    const settled = new Array<NewVerdict>(attempts.length);
    for (const { position, verdict, tries_left: triesLeft, is_repeated: isRepeated } of rows) {
      settled[position - 1] = { verdict, triesLeft, isRepeated };
    }
    return settled;
  }

  /** Reminds a database that may have been restored of wrong PINs. Again it changes nothing. */
  async recall(kept: readonly KeptTry[]): Promise<void> {
    for (let start = 0; start < kept.length; start += RECALLED_MAX) {
      const some = kept.slice(start, start + RECALLED_MAX);
      await this.#database.run(RECALL, keptParameters.values(some));
    }
  }

  /** Adds cards or changes their PIN. Tries that were used up stay so. */
  async putCards(cards: readonly PinCard[]): Promise<void> {
    await this.#database.run(PUT_CARDS, cardParameters.values(cards));
  }

  /** Gives cards all their tries back. Verdicts that were given stay what they are. */
  async unlock(tokens: readonly Uint8Array[]): Promise<void> {
    await this.#database.run(UNLOCK, [binaryArray("bytea", tokens)]);
  }

  /**
   * The same for the card of a payment.
   *
   * @returns its token; undefined when no PIN of that payment was judged here.
   */
  async unlockCardOf(paymentId: PaymentId): Promise<Uint8Array | undefined> {
    const rows = await this.#database.run<{ card_token: Uint8Array }>(UNLOCK_CARD_OF, [paymentId]);
    return rows[0]?.card_token;
  }
}

interface SettledRow {
  readonly position: number;
  readonly verdict: SettledAttempt["verdict"];
  readonly tries_left: number;
  readonly is_repeated: boolean;
}

const attemptParameters = new RowParameters<Attempt>({
  ksn: ["bytea", (row) => row.ksn],
  digest: ["bytea", (row) => row.digest],
  payment_id: ["uuid", (row) => row.paymentId],
  card_token: ["bytea", (row) => row.cardToken],
  pin_reference: ["bytea", (row) => row.pinReference],
  kept_ksn: ["bytea", ({ kept }) => kept?.ksn],
  kept_digest: ["bytea", ({ kept }) => kept?.digest],
  kept_payment: ["uuid", ({ kept }) => kept?.paymentId],
  kept_tries: ["int", ({ kept }) => kept?.triesLeft],
});

const keptParameters = new RowParameters<KeptTry>({
  card_token: ["bytea", (row) => row.cardToken],
  ksn: ["bytea", (row) => row.ksn],
  digest: ["bytea", (row) => row.digest],
  payment_id: ["uuid", (row) => row.paymentId],
  tries_left: ["int", (row) => row.triesLeft],
});

const cardParameters = new RowParameters<PinCard>({
  card_token: ["bytea", (row) => row.cardToken],
  pin_reference: ["bytea", (row) => row.pinReference],
});

const SETTLE = {
  name: "pin.settle",
  text: `SELECT position::int, verdict, tries_left, is_repeated
    FROM pin.settle($1::bytea[], $2::bytea[], $3::uuid[], $4::bytea[], $5::bytea[],
      $6::bytea[], $7::bytea[], $8::uuid[], $9::int[])`,
};

// Ordered, as all that locks cards.
const RECALL = {
  name: "pin.recall",
  text: `
    SELECT pin.recall(card_token, ksn, digest, payment_id, tries_left)
    FROM (
      SELECT * FROM ${keptParameters.from("given")} ORDER BY card_token OFFSET 0
    ) AS kept`,
};

const PUT_CARDS = {
  name: "pin.put_cards",
  text: `
    INSERT INTO pin.card (${cardParameters.names})
    SELECT ${cardParameters.names} FROM ${cardParameters.from("given")}
    ON CONFLICT (card_token) DO UPDATE SET pin_reference = excluded.pin_reference`,
};

const UNLOCK = {
  name: "pin.unlock",
  text: "UPDATE pin.card SET tries_left = DEFAULT WHERE card_token = ANY ($1::bytea[])",
};

const UNLOCK_CARD_OF = {
  name: "pin.unlock_card_of",
  text: `
    UPDATE pin.card SET tries_left = DEFAULT FROM pin.verdict
    WHERE verdict.payment_id = $1::uuid AND card.card_token = verdict.card_token
    RETURNING card.card_token`,
};
