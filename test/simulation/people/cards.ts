import { findTestCard } from "../../../payment/test-cards.ts";
import type { SqlEngine } from "../world/sql-engine.ts";

/** A published test card as customers of the simulation carry it. Amounts in minor units. */
interface SimulatedCard {
  readonly name: string;
  /** What there is to spend, where that is not plenty. */
  readonly creditMinor?: bigint;
  /** Limits of a day, small enough to be met. */
  readonly dailyAmountMinorMax?: bigint;
  readonly dailyCountMax?: number;
}

const CARDS: readonly SimulatedCard[] = [
  { name: "visa" },
  { name: "visa" },
  { name: "visa_debit" },
  { name: "mastercard", dailyAmountMinorMax: 2_000n },
  { name: "mastercard_debit", dailyCountMax: 1 },
  { name: "mastercard_prepaid", creditMinor: 1_700n },
  { name: "charge_declined" },
  { name: "charge_declined_insufficient_funds" },
];

export const CARD_NAMES: readonly string[] = CARDS.map(({ name }) => name);

/** Gives cards what is said of them above, before any account is opened. */
export async function limitCards(engine: SqlEngine): Promise<void> {
  for (const { name, creditMinor, dailyAmountMinorMax, dailyCountMax } of CARDS) {
    const values = [lastFourOf(name), creditMinor, dailyAmountMinorMax, dailyCountMax];
    await engine.query({ text: LIMIT, values: values.map((value) => value ?? null) });
  }
}

const LIMIT = `
  UPDATE processor.card SET credit_minor = coalesce($2, credit_minor),
    daily_amount_minor_max = $3, daily_count_max = $4
  WHERE last_four = $1`;

/** What the databases know a card by. */
export function lastFourOf(name: string): string {
  const card = findTestCard(name);
  if (card === undefined) throw new Error(`bug: no test card is named ${name}`);
  return card.number.slice(-4);
}
