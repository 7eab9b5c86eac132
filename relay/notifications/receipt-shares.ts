import { parsePhoneNumberFromString } from "libphonenumber-js/max";
import type { HotDatabase, Statement } from "../../prisma/hot-database.ts";

/** Whose receipt it is, and where it goes. */
interface ReceiptOrder {
  readonly recordNumber: string;
  readonly merchantId: string;
  readonly terminalId: string;
  /** E.164; empty for a mailbox. */
  readonly phone: string;
}

interface Share {
  /** "record A17K2M9QX4T8" */
  readonly name: string;
  readonly most: number;
  /** "payment", as a refusal names it. */
  readonly of: string;
}

/**
 * Receipts of a UTC day. A busy till asks for a few hundred; whoever pumps SMS to numbers that pay
 * for them needs thousands, mostly to one country.
 */
export const RECEIPTS_A_DAY = {
  payment: 5,
  terminal: 500,
  merchant: 5_000,
  "merchant and country": 1_000,
} as const;

/** What one payment, terminal, merchant and country may have, over all relays of a database. */
export class ReceiptShares {
  readonly #database: Pick<HotDatabase, "run">;

  constructor(database: Pick<HotDatabase, "run">) {
    this.#database = database;
  }

  /** Takes one receipt from each share. @returns the share that is used up: none was taken then. */
  async take(order: ReceiptOrder): Promise<UsedUpShare | undefined> {
    const shares = sharesOf(order);
    const names = shares.map(({ name }) => name);
    const [today] = await this.#database.run<{ readonly day: string }>(BEGIN, [names]);
    const values = [names, shares.map(({ most }) => most), today?.day];
    const [row] = await this.#database.run<TakenRow>(TAKE, values);
    const usedUp = shares.find(({ name }) => name === row?.used_up);
    if (row === undefined || usedUp === undefined) return undefined;
    return { of: usedUp.of, most: usedUp.most, leftMs: row.left_ms };
  }
}

interface UsedUpShare {
  /** "payment" */
  readonly of: string;
  readonly most: number;
  /** Milliseconds until the next UTC day. */
  readonly leftMs: number;
}

interface TakenRow {
  /** The first share that is; null when all had one left. */
  readonly used_up: string | null;
  /** Milliseconds until the next UTC day. */
  readonly left_ms: number;
}

function sharesOf({ recordNumber, merchantId, terminalId, phone }: ReceiptOrder): readonly Share[] {
  const share = (of: keyof typeof RECEIPTS_A_DAY, name: string): Share => ({
    of,
    most: RECEIPTS_A_DAY[of],
    name: `${of} ${name}`,
  });
  const shares = [share("payment", recordNumber), share("merchant", merchantId)];
  if (terminalId !== "") shares.push(share("terminal", `${merchantId}/${terminalId}`));
  const code = phone === "" ? undefined : parsePhoneNumberFromString(phone)?.countryCallingCode;
  if (code !== undefined) shares.push(share("merchant and country", `${merchantId}/+${code}`));
  return shares;
}

/**
 * A row for each share of today, before it is looked at: a statement does not see, and so does not
 * lock, a row that another one makes at the same time. Many at once would all be the first.
 */
const BEGIN: Statement = {
  name: "begin_receipt_shares",
  text: `
    WITH begun AS (
      INSERT INTO receipt_share (day, share, used)
      SELECT (now() AT TIME ZONE 'UTC')::date, share, 0 FROM unnest($1::text[]) AS given(share)
      ORDER BY share ON CONFLICT DO NOTHING
    )
    SELECT (now() AT TIME ZONE 'UTC')::date::text AS day`,
};

/**
 * Nothing is counted when one share is used up: a terminal beyond its own takes nothing
 * from its merchant's. The rows are locked in one order everywhere.
 */
const TAKE: Statement = {
  name: "take_receipt_share",
  text: `
    WITH wanted AS (
      SELECT share, most, $3::date AS day
      FROM unnest($1::text[], $2::int[]) AS given(share, most)
    ),
    known AS (
      SELECT wanted.share, used, most FROM wanted JOIN receipt_share USING (day, share)
      ORDER BY share FOR UPDATE OF receipt_share
    ),
    used_up AS (SELECT min(share) AS share FROM known WHERE used >= most),
    counted AS (
      INSERT INTO receipt_share (day, share, used)
      SELECT day, share, 1 FROM wanted
      WHERE (SELECT share FROM used_up) IS NULL ORDER BY share
      ON CONFLICT (day, share) DO UPDATE SET used = receipt_share.used + 1
    )
    SELECT (SELECT share FROM used_up) AS used_up,
      (extract(epoch FROM date_trunc('day', now(), 'UTC') + interval '1 day' - now()) * 1000)::int
        AS left_ms`,
};
