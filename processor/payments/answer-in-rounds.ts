import pg from "pg";
import { PaymentError } from "../../payment/errors.ts";

/**
 * Rounds of reading, deciding and writing before a batch is given up. One is the rule; each lost
 * race costs one more, and after it the loser sees what the winner wrote. A reversal loses at most
 * to its payment, to its acknowledgement and to a repeat of itself.
 */
const ROUNDS_MAX = 8;

/**
 * Answers all of a batch in rounds: what lost a race in one is read and decided again in the next.
 *
 * @param round adds the answers that it could settle.
 * @throws PaymentError OVERLOADED with `overload` when races go on and on.
 */
export async function answerInRounds<Item, Answer>(
  items: readonly Item[],
  overload: string,
  round: (open: readonly Item[], answers: Map<Item, Answer>) => Promise<void>,
): Promise<readonly Answer[]> {
  const answers = new Map<Item, Answer>();
  let open = items;
  for (let rounds = 1; open.length > 0; rounds += 1) {
    if (rounds > ROUNDS_MAX) throw new PaymentError("OVERLOADED", overload);
    await round(open, answers);
    open = items.filter((item) => !answers.has(item));
  }
  return items.flatMap((item) => answers.get(item) ?? []);
}

/** Whether another transaction got in between: reading again and deciding again will do. */
export function isLostRace(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false;
  const isLimit = error.code === CHECK_VIOLATION && error.table === "account";
  return isLimit || LOST_RACES.includes(error.code ?? "");
}

const CHECK_VIOLATION = "23514";
/** Unique violation, serialization failure, deadlock detected. */
const LOST_RACES = ["23505", "40001", "40P01"];
