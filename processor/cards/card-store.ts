import { createHmac, type KeyObject } from "node:crypto";
import { Pan } from "../../payment/card.ts";
import { TEST_CARDS, type TestAccount } from "../../payment/test-cards.ts";
import type { HotDatabase } from "../../prisma/hot-database.ts";
import { RowParameters } from "../../prisma/row-parameters.ts";

/** A card that payments may be made with. Its accounts, one per currency, open by themselves. */
export interface CardRow {
  /** 32 bytes. */
  readonly panToken: Uint8Array;
  readonly lastFour: string;
  readonly scheme: string;
  readonly status: TestAccount["status"];
  /** YYMM. */
  readonly expirationDate: string;
  readonly isPinRequiredOnTap: boolean;
  readonly isRefundable: boolean;
  /** What each account may be overdrawn by, in minor units. */
  readonly creditMinor: bigint;
  /** Limits of each account for one day; null: none. */
  readonly dailyAmountMinorMax: bigint | null;
  readonly dailyCountMax: number | null;
}

/** Adds cards. One that is there already stays as it is, and so do its accounts. */
export async function addCards(database: HotDatabase, cards: readonly CardRow[]): Promise<void> {
  await database.run(ADD_CARDS, cardParameters.values(cards));
}

/** The published test cards as rows. @param tokenKey for `cardTokenOf`. */
export function testCardRows(tokenKey: KeyObject): readonly CardRow[] {
  return TEST_CARDS.map(({ number, expirationDate, account }) => {
    const pan = Pan.parse(number);
    return {
      panToken: cardTokenOf(tokenKey, pan),
      lastFour: pan.lastFour,
      scheme: pan.scheme,
      status: account.status,
      expirationDate,
      isPinRequiredOnTap: account.isPinRequiredOnTap,
      isRefundable: account.isRefundable,
      creditMinor: account.availableMinor,
      dailyAmountMinorMax: null,
      dailyCountMax: null,
    };
  });
}

const cardParameters = new RowParameters<CardRow>({
  pan_token: ["bytea", (row) => row.panToken],
  last_four: ["text", (row) => row.lastFour],
  scheme: ["text", (row) => row.scheme],
  status: ["text", (row) => row.status],
  expiration_date: ["text", (row) => row.expirationDate],
  is_pin_required_on_tap: ["boolean", (row) => row.isPinRequiredOnTap],
  is_refundable: ["boolean", (row) => row.isRefundable],
  credit_minor: ["bigint", (row) => row.creditMinor],
  daily_amount_minor_max: ["bigint", (row) => row.dailyAmountMinorMax],
  daily_count_max: ["int", (row) => row.dailyCountMax],
});

const ADD_CARDS = {
  name: "card.add",
  text: `
    INSERT INTO processor.card (${cardParameters.names})
    SELECT ${cardParameters.names} FROM ${cardParameters.from("given")}
    ON CONFLICT DO NOTHING`,
};

/**
 * What stands for a card number in a database: HMAC-SHA-256, 32 bytes. Without the key nobody can
 * try all numbers; each program has a key of its own, so that their tables cannot be joined.
 */
export function cardTokenOf(key: KeyObject, pan: Pan): Uint8Array {
  return createHmac("sha256", key).update(pan.revealPan(), "latin1").digest();
}
