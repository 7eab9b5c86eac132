import { ShownOutcome } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { enumName } from "../../payment/enum-name.ts";
import { currencyFromLetters, formatMoney } from "../../payment/money.ts";
import { isApproved } from "../../payment/states.ts";
import type { Told } from "../history.ts";
import type { Check, Evidence } from "./check.ts";

const EUR = currencyFromLetters("EUR");

/** What the holder of the card saw, beside what the till was told. */
export const DISPLAY_CHECKS: readonly Check[] = [
  { invariant: "the report says that the reader shows what happened", violations: misreported },
  { invariant: "the reader shows what happened, and the amount", violations: misshown },
];

/** No outcome at all, or "unknown", is always right: a reader may be away when the end comes. */
const SHOWN_BY_END: Readonly<Record<Told["outcome"], readonly ShownOutcome[]>> = {
  APPROVED: [ShownOutcome.APPROVED],
  AUTHORIZED: [ShownOutcome.APPROVED],
  DECLINED: [ShownOutcome.DECLINED],
  REVERSED: [ShownOutcome.REVERSED],
  VOIDED: [ShownOutcome.REVERSED],
  "NOT TAKEN": [],
};
const NO_OUTCOME: readonly ShownOutcome[] = [ShownOutcome.UNSPECIFIED, ShownOutcome.UNKNOWN];

function* misreported({ history }: Evidence): Iterable<string> {
  for (const { paymentId, told } of history.payments) {
    for (const { outcome, shown } of told) {
      if (shown === undefined || isRight(outcome, shown)) continue;
      yield `${paymentId} is ${outcome}, reported as shown: ${enumName(ShownOutcome, shown)}`;
    }
  }
}

function* misshown({ history }: Evidence): Iterable<string> {
  for (const { paymentId, told } of history.payments) {
    for (const { outcome, display, approvedMinor } of told) {
      if (display === undefined) continue;
      const shown = `${paymentId} is ${outcome}, the reader shows ${display.lines.join(" / ")}`;
      if (!isRight(outcome, display.shown)) yield shown;
      const showsCharge = display.shown === ShownOutcome.APPROVED && isApproved(outcome);
      const amount = formatMoney({ amountMinor: approvedMinor, currency: EUR });
      if (showsCharge && !display.lines.includes(amount)) yield `${shown}, not ${amount}`;
    }
  }
}

function isRight(outcome: Told["outcome"], shown: ShownOutcome): boolean {
  return NO_OUTCOME.includes(shown) || SHOWN_BY_END[outcome].includes(shown);
}
