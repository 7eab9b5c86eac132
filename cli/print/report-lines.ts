import { Certainty, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { PaymentReport } from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { printable } from "../../mesh/printable.ts";
import { formatMoney, parseCurrency } from "../../payment/money.ts";
import { groupedRecordNumber, receiptLines } from "./receipt.ts";
import type { Paint } from "./text.ts";
import { nextStepWord, stateWord } from "./words.ts";

/** The receipt, or what is known instead, and what to do next. */
export function reportLines(report: PaymentReport, { paint }: { readonly paint: Paint }): string[] {
  const { receipt, fault, certainty, nextStep, recordNumber, paymentId } = report;
  const lines = receipt === undefined ? [] : receiptLines(receipt, { paint });
  const balanceMinor = report.result?.balanceMinor;
  if (report.result !== undefined && balanceMinor !== undefined) {
    const currency = parseCurrency(report.result.currency);
    lines.push(`Balance: ${formatMoney({ amountMinor: balanceMinor, currency })}`);
  }
  if (fault !== undefined) {
    lines.push(paint("red", `${printable(fault.code)}: ${printable(fault.message)}`));
  }
  if (certainty !== Certainty.FINAL) {
    const asked = recordNumber === "" ? paymentId : groupedRecordNumber(recordNumber);
    const state = stateWord(report.state);
    const asking = `Ask again with: cardlane query ${asked}`;
    lines.push(paint("yellow", `Not certain yet (${state}). ${asking}`));
  } else if (receipt === undefined && report.state === PaymentState.REVERSED) {
    lines.push("Nothing was charged.");
  }
  const next = nextStepWord(nextStep);
  if (next !== "") lines.push(`Next: ${next}.`);
  return lines;
}
