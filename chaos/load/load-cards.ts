import { createSecretKey } from "node:crypto";
import { Pan } from "../../payment/card.ts";
import { TEST_CARDS } from "../../payment/test-cards.ts";
import { cardTokenOf } from "../../processor/cards/card-store.ts";
import type { TestKeys } from "../../test/fixtures/keys.ts";
import type { Databases } from "../databases.ts";
import { CAPPED_CARD, COUNTED_CARD, POOR_CARD } from "../payment-plan.ts";

/** What stands for each test card in the databases, in hexadecimal digits, by the card's name. */
export interface CardTokens {
  /** The holder of its accounts at the processor. */
  readonly accounts: ReadonlyMap<string, string>;
  /** The card at the PIN service. */
  readonly pins: ReadonlyMap<string, string>;
}

/** A day of a minute's run is reached as well as one of half an hour's. */
const COUNT_MAX = 8;
const AMOUNT_MINOR_MAX = 80_000;
const CREDIT_MINOR = 10_000;

/** Gives some test cards limits. Before the first payment: an account takes them when it opens. */
export async function limitCards(databases: Databases, tokens: CardTokens): Promise<void> {
  const set = async (card: string, column: string, value: number) => {
    const text = `UPDATE processor.card SET ${column} = $1 WHERE encode(pan_token, 'hex') = $2`;
    await databases.query("processor", text, [value, tokens.accounts.get(card)]);
  };
  await set(COUNTED_CARD, "daily_count_max", COUNT_MAX);
  await set(CAPPED_CARD, "daily_amount_minor_max", AMOUNT_MINOR_MAX);
  await set(POOR_CARD, "credit_minor", CREDIT_MINOR);
}

export function cardTokens(keys: TestKeys): CardTokens {
  return { accounts: tokensOf(keys, "processor"), pins: tokensOf(keys, "pin-service") };
}

function tokensOf(keys: TestKeys, program: "processor" | "pin-service") {
  const key = createSecretKey(keys.folder(program).readKey("card-token"));
  const tokenOf = (number: string) => {
    return Buffer.from(cardTokenOf(key, Pan.parse(number))).toString("hex");
  };
  return new Map(TEST_CARDS.map(({ name, number }) => [name, tokenOf(number)]));
}
