package dev.cardlane.till;

import dev.cardlane.Currency;
import dev.cardlane.PaymentException;
import dev.cardlane.payment.v1.Certainty;
import dev.cardlane.payment.v1.NextStep;
import dev.cardlane.payment.v1.PaymentState;
import dev.cardlane.relay.v1.PaymentRecord;
import dev.cardlane.relay.v1.RecordEvent;
import dev.cardlane.relay.v1.WatchPaymentsResponse;
import dev.cardlane.terminal.v1.PaymentReport;
import dev.cardlane.terminal.v1.Receipt;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Payments and records, a fact per line. */
final class Facts {
  private final List<String> lines = new ArrayList<>();

  private Facts() {}

  /** Returns what a cashier has to know at the end of a payment. */
  static List<String> of(PaymentReport report) {
    Receipt receipt = report.getReceipt();
    Facts facts =
        new Facts()
            .add("outcome", outcome(report))
            .add("merchant", receipt.getMerchantName())
            .add("amount", amount(receipt.getAmountMinor(), receipt.getCurrency()))
            .add("card", (receipt.getScheme() + " " + receipt.getMaskedPan()).strip())
            .add("record", Words.recordNumber(report.getRecordNumber()))
            .add("approval code", receipt.getApprovalCode())
            .add("response", Words.response(receipt.getResponseCode()))
            .add("reference", receipt.getRetrievalReference())
            .add("payment id", report.getPaymentId())
            .add("trace id", report.getTraceId())
            .add(
                "fault",
                (report.getFault().getCode() + " " + report.getFault().getMessage()).strip())
            .add("next", Words.nextStep(report.getNextStep()));
    if (report.getCertainty() != Certainty.CERTAINTY_FINAL) {
      facts.lines.add(
          "Nobody knows yet: hand over nothing. Ask again: cardlane till status "
              + report.getPaymentId());
    }
    NextStep next = report.getNextStep();
    if (next == NextStep.NEXT_STEP_ENTER_PIN || next == NextStep.NEXT_STEP_INSERT_CARD) {
      facts.lines.add("Try again with: cardlane till pay … --previous " + report.getPaymentId());
    }
    return facts.lines;
  }

  /** Returns everything that a person may see of a record. */
  static List<String> of(PaymentRecord record) {
    String lastFour = record.getLastFour();
    Facts facts =
        new Facts()
            .add("state", Words.of(record.getState()))
            .add("certainty", Words.of(record.getCertainty()))
            .add("next", Words.nextStep(record.getNextStep()))
            .add("kind", Words.of(record.getKind()))
            .add("amount", amount(record.getAmounts().getTotalMinor(), record.getCurrency()))
            .add("card", lastFour.isEmpty() ? "" : record.getScheme() + " …" + lastFour)
            .add("record", Words.recordNumber(record.getRecordNumber()))
            .add("approval code", record.getApprovalCode())
            .add("response", Words.response(record.getResponseCode()))
            .add("reference", record.getRetrievalReference())
            .add("merchant", record.getMerchantId())
            .add("terminal", record.getTerminalId())
            .add("reader", record.getReaderSerial())
            .add("payment id", record.getPaymentId())
            .add("original", record.getOriginalPaymentId())
            .add("recorded", time(record.getRecordedAtMs()))
            .add("completed", time(record.getCompletedAtMs()))
            .add("trace id", record.getTraceId());
    for (RecordEvent step : record.getHistoryList()) {
      facts.add("  then", time(step.getAtMs()) + " " + Words.of(step.getState()));
    }
    return facts.lines;
  }

  /** Returns one change of one record in one line. */
  static String of(WatchPaymentsResponse change) {
    PaymentRecord record = change.getPayment();
    return Stream.of(
            "#" + change.getSequence(),
            Words.recordNumber(record.getRecordNumber()),
            amount(record.getAmounts().getTotalMinor(), record.getCurrency()),
            Words.of(change.getState()),
            record.getResponseCode())
        .filter(fact -> !fact.isEmpty())
        .map(Facts::printable)
        .collect(Collectors.joining("  "));
  }

  private Facts add(String name, String value) {
    if (!value.isEmpty()) {
      lines.add("%-14s %s".formatted(name, printable(value)));
    }
    return this;
  }

  private static String outcome(PaymentReport report) {
    if (report.getCertainty() != Certainty.CERTAINTY_FINAL) {
      return "UNKNOWN";
    }
    if (report.hasReceipt()) {
      return Words.of(report.getReceipt().getOutcome()).toUpperCase(Locale.ROOT);
    }
    return report.getState() == PaymentState.PAYMENT_STATE_UNSPECIFIED
        ? "NOTHING HAPPENED"
        : Words.of(report.getState()).toUpperCase(Locale.ROOT);
  }

  /** Names and messages come from other programs: no control characters reach the screen. */
  static String printable(String text) {
    return text.replaceAll("\\p{C}", "?");
  }

  private static String amount(long amountMinor, int number) {
    if (number == 0) {
      return "";
    }
    try {
      return Currency.ofNumber(number).format(amountMinor);
    } catch (PaymentException notKnownHere) {
      return amountMinor + " minor units of currency " + number;
    }
  }

  private static String time(long timeMs) {
    return timeMs == 0 ? "" : Instant.ofEpochMilli(timeMs).toString();
  }
}
