package dev.cardlane.till;

import dev.cardlane.payment.v1.Verification;
import dev.cardlane.reader.v1.CardRead;
import dev.cardlane.reader.v1.PresentCardRequest;
import dev.cardlane.reader.v1.ReaderControlServiceGrpc.ReaderControlServiceBlockingStub;
import dev.cardlane.reader.v1.TypePinRequest;
import dev.cardlane.terminal.v1.ConfirmPayment;
import dev.cardlane.terminal.v1.PayResponse;
import java.io.Console;
import java.io.PrintStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The person at the till: acts as the command line says, and tells what happens. Confirms every
 * payment, and presents a card only where the reader is a simulated one.
 *
 * @param tell where it tells; stdout has the result alone
 * @param hand at the mesh's simulated reader; nothing where a reader presents its card by itself
 */
record Person(
    PrintStream tell,
    Optional<String> pin,
    boolean isPinOnReader,
    Optional<String> card,
    Optional<ReaderControlServiceBlockingStub> hand)
    implements People {
  private static final long HAND_WITHIN_S = 10;

  /** The card asks for a PIN, and there is nobody to type it. */
  static final class PinMissing extends RuntimeException {
    private static final long serialVersionUID = 1L;

    PinMissing() {
      super("this card asks for a PIN: give --pin");
    }
  }

  @Override
  public void see(PayResponse event) {
    switch (event.getEventCase()) {
      case STARTED -> tell("reader", event.getStarted().getReaderSerial());
      case PREPARED -> tell("reader shows", event.getPrepared().getDisplayLinesList());
      case READER_EVENT -> tell("reader", Words.of(event.getReaderEvent().getKind()));
      case CONFIRMATION_NEEDED -> {
        CardRead read = event.getConfirmationNeeded();
        String entryMode = Words.of(read.getEntryMode());
        tell("card read", read.getScheme() + " " + read.getMaskedPan() + ", " + entryMode);
      }
      case SUBMITTED -> tell("submitted", "to the relay");
      case RECORDED ->
          tell("record number", Words.recordNumber(event.getRecorded().getRecordNumber()));
      default -> {}
    }
  }

  @Override
  public void presentCard() {
    hand.ifPresent(
        reader ->
            card.ifPresent(
                name ->
                    inTime(reader)
                        .presentCard(PresentCardRequest.newBuilder().setCard(name).build())));
  }

  @Override
  public ConfirmPayment confirm(CardRead read) {
    Verification asked = read.getVerification();
    if (asked != Verification.VERIFICATION_ONLINE_PIN
        && asked != Verification.VERIFICATION_OFFLINE_PIN) {
      return ConfirmPayment.getDefaultInstance();
    }
    return isPinOnReader
        ? ConfirmPayment.newBuilder().setPinOnReader(true).build()
        : ConfirmPayment.newBuilder().setPin(askPin()).build();
  }

  @Override
  public void typePin() {
    hand.ifPresent(
        reader -> {
          TypePinRequest request = TypePinRequest.newBuilder().setPin(askPin()).build();
          inTime(reader).typePin(request);
        });
  }

  private static ReaderControlServiceBlockingStub inTime(ReaderControlServiceBlockingStub reader) {
    return reader.withDeadlineAfter(HAND_WITHIN_S, TimeUnit.SECONDS);
  }

  private String askPin() {
    return pin.orElseGet(
        () -> {
          Console console = System.console();
          char[] typed = console == null ? null : console.readPassword("PIN: ");
          if (typed == null) {
            throw new PinMissing();
          }
          return new String(typed);
        });
  }

  private void tell(String what, List<String> facts) {
    tell(what, String.join(" · ", facts));
  }

  private void tell(String what, String facts) {
    tell.printf("  %-14s %s%n", what, Facts.printable(facts));
  }
}
