import { lastFourOf } from "../people/cards.ts";
import type { FinalState, PaymentEnd, VerdictEnd } from "./final-state.ts";
import { CHARGED_STATES } from "./ledger.ts";
import type { AskedPayment, Observations } from "./observations.ts";

const TRIES = 3;
/** DE 39: the PIN could not be opened with a key that is good for it. */
const PIN_KEY_REFUSED = "88";

/** Invariant 9: the simulation counts tries itself, by what customers typed, card by card. */
export function checkPins(end: FinalState, seen: Observations): readonly string[] {
  const typed = new Map<string, AskedPayment>();
  for (const [id, digests] of seen.submitted) {
    const asked = seen.asked.get(id);
    for (const digest of digests) if (asked !== undefined) typed.set(digest, asked);
  }
  const verdicts = new Map(end.verdicts.map((verdict) => [verdict.digest, verdict]));
  if (seen.arePinsRestored) return noTryMore(end, typed);
  return [
    ...triesHold(end, typed),
    ...end.payments.flatMap((payment) => {
      // A reader with an older disk seals a second PIN with a key that is used up.
      const mayReuseKeys = seen.forgetful.has(payment.reader_serial);
      if (mayReuseKeys && payment.response_code === PIN_KEY_REFUSED) return [];
      return decisionFollows(payment, verdicts, typed);
    }),
  ];
}

/** A payment's PIN is counted once, however often it is asked about; the last right one clears. */
function triesHold(end: FinalState, typed: ReadonlyMap<string, AskedPayment>): readonly string[] {
  const problems: string[] = [];
  const triesLeft = new Map<string, number>();
  for (const { digest, verdict, tries_left: said } of end.verdicts) {
    const asked = typed.get(digest);
    if (asked === undefined) {
      problems.push(`a verdict ${verdict} of a PIN that nobody typed`);
      continue;
    }
    const lastFour = lastFourOf(asked.card);
    const expected = judge(triesLeft.get(lastFour) ?? TRIES, asked.isPinRight);
    triesLeft.set(lastFour, expected.triesLeft);
    if (expected.verdict !== verdict || expected.triesLeft !== said) {
      const wanted = `${expected.verdict} with ${expected.triesLeft} tries left`;
      problems.push(`card ${lastFour} was told ${verdict} with ${said} tries left, not ${wanted}`);
    }
  }
  for (const { last_four: lastFour, tries_left: left } of end.cards) {
    const expected = triesLeft.get(lastFour) ?? TRIES;
    if (left !== expected)
      problems.push(`card ${lastFour} has ${left} tries left, not ${expected}`);
  }
  return problems;
}

/**
 * What holds whatever is restored: between two right PINs of a card no more wrong ones are judged
 * than there are tries. A restored database judges what it forgot again; it may take tries away.
 */
function noTryMore(end: FinalState, typed: ReadonlyMap<string, AskedPayment>): readonly string[] {
  const problems: string[] = [];
  const wrong = new Map<string, Set<string>>();
  for (const { digest, verdict } of end.verdicts) {
    const asked = typed.get(digest);
    if (asked === undefined) continue;
    const lastFour = lastFourOf(asked.card);
    const since = wrong.get(lastFour) ?? new Set();
    wrong.set(lastFour, since);
    if (verdict === "TRIES_EXCEEDED") continue;
    const isKnown = since.has(digest);
    if (!isKnown && since.size === TRIES) {
      problems.push(`card ${lastFour} had ${TRIES} wrong PINs, and one more was ${verdict}`);
    }
    if (verdict === "VERIFIED") since.clear();
    else since.add(digest);
  }
  return problems;
}

function judge(tries: number, isRight: boolean) {
  if (tries === 0) return { verdict: "TRIES_EXCEEDED", triesLeft: 0 };
  return isRight
    ? { verdict: "VERIFIED", triesLeft: TRIES }
    : { verdict: "WRONG", triesLeft: tries - 1 };
}

/** Nothing is charged without the right PIN, and a response code that speaks of a PIN is true. */
function decisionFollows(
  payment: PaymentEnd,
  verdicts: ReadonlyMap<string, VerdictEnd>,
  typed: ReadonlyMap<string, AskedPayment>,
): readonly string[] {
  const { payment_id: id, digest, state, response_code: code } = payment;
  // Who keeps to no rules asks for no PIN.
  if (!typed.has(digest)) return [];
  const said = verdicts.get(digest);
  const isLocked = said?.tries_left === 0;
  if (CHARGED_STATES.includes(state) && said?.verdict !== "VERIFIED") {
    return [`payment ${id} is ${state}, its PIN was ${said?.verdict ?? "never looked at"}`];
  }
  const isTrue = { "55": said?.verdict === "WRONG" && !isLocked, "75": isLocked, "88": false }[
    code
  ];
  return isTrue === false && state === "DECLINED"
    ? [`payment ${id} was declined with ${code}, its PIN was ${said?.verdict}`]
    : [];
}
