import { isApproved } from "../../payment/states.ts";
import type { TriedPayment } from "../history.ts";
import type { Check, Evidence } from "./check.ts";
import type { PinCardRow, VerdictRow } from "./end-state.ts";

const TRIES = 3;

/** PINs that were typed right and wrong on purpose, beside the verdicts and tries that are kept. */
export const PIN_CHECKS: readonly Check[] = [
  { invariant: "no card has more or less tries than there are", violations: impossible },
  {
    invariant: "a wrong PIN is never taken for a right one, nor a right one for a wrong",
    violations: misjudged,
  },
  { invariant: "a PIN is judged once", violations: judgedTwice },
  { invariant: "every wrong PIN costs one try, and nothing else does", violations: miscounted },
  { invariant: "nothing is charged after a wrong PIN", violations: chargedWithWrongPin },
];

function* impossible({ end }: Evidence): Iterable<string> {
  for (const { card_token, tries_left } of end.pinCards) {
    if (tries_left < 0 || tries_left > TRIES) yield `card ${card_token}: ${tries_left} tries`;
  }
}

function* judgedTwice({ end }: Evidence): Iterable<string> {
  for (const [digest, verdicts] of Map.groupBy(end.verdicts, (one) => one.digest)) {
    if (verdicts.length > 1) yield `digest ${digest}: ${verdicts.length} verdicts`;
  }
}

function* misjudged(evidence: Evidence): Iterable<string> {
  for (const { tried, verdict } of judged(evidence)) {
    const { paymentId, plan } = tried;
    const [truth, lie] = plan.pin === "wrong" ? ["wrong", "VERIFIED"] : ["right", "WRONG"];
    if (verdict.verdict === lie) yield `${paymentId}: a ${truth} PIN of ${plan.card} was ${lie}`;
  }
}

function* chargedWithWrongPin({ history }: Evidence): Iterable<string> {
  for (const { paymentId, plan, told } of history.payments) {
    if (plan.pin !== "wrong") continue;
    if (told.some(({ outcome }) => isApproved(outcome))) yield `${paymentId}, card ${plan.card}`;
  }
}

/** In whichever order they came, a card's verdicts have to be a way from three tries to now. */
function* miscounted(evidence: Evidence): Iterable<string> {
  const { end, tokens } = evidence;
  const cards = new Map(end.pinCards.map((card) => [card.card_token, card]));
  const known = [...judged(evidence)];
  for (const [name, ofCard] of Map.groupBy(known, ({ tried }) => tried.plan.card)) {
    const card = cards.get(tokens.pins.get(name) ?? "");
    const verdicts = ofCard.map(({ verdict }) => verdict);
    if (card === undefined) yield `${name} is not known to the PIN service`;
    else yield* miscountedOf(name, card, verdicts);
  }
  const judgedDigests = new Set(known.map(({ verdict }) => verdict.digest));
  for (const { digest, verdict } of end.verdicts) {
    if (!judgedDigests.has(digest)) yield `digest ${digest} of no payment is ${verdict}`;
  }
}

function* miscountedOf(
  name: string,
  { tries_left }: PinCardRow,
  verdicts: readonly VerdictRow[],
): Iterable<string> {
  const count = (verdict: VerdictRow["verdict"], left: number) =>
    verdicts.filter((one) => one.verdict === verdict && one.tries_left === left).length;
  const all = (verdict: VerdictRow["verdict"]) =>
    verdicts.filter((one) => one.verdict === verdict).length;
  // Ways down: from 3 tries to 2, to 1, to none. From anywhere above none a right PIN leads up.
  const [toTwo, toOne, toNone] = [count("WRONG", 2), count("WRONG", 1), count("WRONG", 0)];
  const locked = all("TRIES_EXCEEDED");
  if (all("WRONG") !== toTwo + toOne + toNone) yield `${name}: a wrong PIN cost no try`;
  if (all("VERIFIED") !== count("VERIFIED", TRIES)) yield `${name}: a right PIN left less than all`;
  if (locked !== count("TRIES_EXCEEDED", 0)) yield `${name}: a locked card has tries left`;
  // Nobody unlocks a card here, so the last try is used up once.
  if (toNone > 1) yield `${name}: the last try was used up ${toNone} times`;
  if (toNone !== Number(tries_left === 0)) yield `${name}: ${tries_left} left, last try ${toNone}`;
  if (locked > 0 && toNone === 0) yield `${name}: locked before its last try`;
  // Each step down starts where the one before ended.
  const [restAtTwo, restAtOne] = [toTwo - toOne, toOne - toNone];
  if (restAtTwo < Number(tries_left === 2) || restAtOne < Number(tries_left === 1)) {
    yield `${name}: ${tries_left} left, steps to two, one, none: ${toTwo}, ${toOne}, ${toNone}`;
  }
  const resets = restAtTwo - Number(tries_left === 2) + (restAtOne - Number(tries_left === 1));
  if (resets > all("VERIFIED")) yield `${name}: ${resets} times tries came back by themselves`;
}

/** Every verdict on the PIN of a payment that somebody tried. */
function* judged({
  end,
  history,
}: Evidence): Iterable<{ tried: TriedPayment; verdict: VerdictRow }> {
  const verdicts = new Map(end.verdicts.map((verdict) => [verdict.digest, verdict]));
  const digests = new Map(end.records.map(({ payment_id, digest }) => [payment_id, digest]));
  for (const tried of history.payments) {
    const verdict = verdicts.get(digests.get(tried.paymentId) ?? "");
    if (verdict !== undefined) yield { tried, verdict };
  }
}
