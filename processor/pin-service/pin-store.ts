import { binaryArray } from "../../prisma/binary-array.ts";
import type { HotDatabase } from "../../prisma/hot-database.ts";
import { RowParameters } from "../../prisma/row-parameters.ts";

/** A PIN that was entered, as no more than its reference. */
export interface Attempt {
  /** 12 bytes. */
  readonly ksn: Uint8Array;
  /** SHA-512 of the reader_payment bytes. */
  readonly digest: Uint8Array;
  /** 32 bytes. */
  readonly cardToken: Uint8Array;
  /** 32 bytes; the PIN is right when it is the card's. */
  readonly pinReference: Uint8Array;
}

export interface SettledAttempt {
  readonly verdict: "VERIFIED" | "WRONG" | "TRIES_EXCEEDED" | "REFUSED";
  /** 0 to 3. */
  readonly triesLeft: number;
}

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
   * that were kept before are repeated. For a card that is not known nothing is counted or kept.
   */
  async settle(attempts: readonly Attempt[]): Promise<readonly SettledAttempt[]> {
    const rows = await this.#database.run<SettledRow>(SETTLE, attemptParameters.values(attempts));
    const settled = new Array<SettledAttempt>(attempts.length);
    for (const { position, verdict, tries_left: triesLeft } of rows) {
      settled[position - 1] = { verdict, triesLeft };
    }
    return settled;
  }

  /** Adds cards or changes their PIN. Tries that were used up stay so. */
  async putCards(cards: readonly PinCard[]): Promise<void> {
    await this.#database.run(PUT_CARDS, cardParameters.values(cards));
  }

  /** Gives cards all their tries back. Verdicts that were given stay what they are. */
  async unlock(tokens: readonly Uint8Array[]): Promise<void> {
    await this.#database.run(UNLOCK, [binaryArray("bytea", tokens)]);
  }
}

interface SettledRow {
  readonly position: number;
  readonly verdict: SettledAttempt["verdict"];
  readonly tries_left: number;
}

const attemptParameters = new RowParameters<Attempt>({
  ksn: ["bytea", (row) => row.ksn],
  digest: ["bytea", (row) => row.digest],
  card_token: ["bytea", (row) => row.cardToken],
  pin_reference: ["bytea", (row) => row.pinReference],
});

const cardParameters = new RowParameters<PinCard>({
  card_token: ["bytea", (row) => row.cardToken],
  pin_reference: ["bytea", (row) => row.pinReference],
});

const SETTLE = {
  name: "pin.settle",
  text: `SELECT position::int, verdict, tries_left
    FROM pin.settle($1::bytea[], $2::bytea[], $3::bytea[], $4::bytea[])`,
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
