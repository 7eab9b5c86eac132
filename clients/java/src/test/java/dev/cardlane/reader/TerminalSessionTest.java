package dev.cardlane.reader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.cardlane.Vectors;
import dev.cardlane.keys.v1.SignedEnvelope;
import dev.cardlane.payment.v1.Amounts;
import dev.cardlane.payment.v1.Outcome;
import dev.cardlane.payment.v1.PaymentContext;
import dev.cardlane.payment.v1.PaymentKind;
import dev.cardlane.payment.v1.Result;
import dev.cardlane.payment.v1.SignedPayment;
import dev.cardlane.payment.v1.SignedResult;
import dev.cardlane.reader.v1.Cancel;
import dev.cardlane.reader.v1.CancelledBy;
import dev.cardlane.reader.v1.Confirm;
import dev.cardlane.reader.v1.PreparePayment;
import dev.cardlane.reader.v1.ReaderMessage;
import dev.cardlane.reader.v1.ResendPayment;
import dev.cardlane.reader.v1.ShowResult;
import dev.cardlane.reader.v1.ShownOutcome;
import dev.cardlane.reader.v1.TerminalMessage;
import dev.cardlane.sealing.Dsse;
import dev.cardlane.sealing.Dsse.PayloadType;
import dev.cardlane.sealing.KeyId;
import dev.cardlane.sealing.SaltServer;
import dev.cardlane.sealing.VerifyingKey;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The reader's side of stream 1, against a terminal of this test. */
class TerminalSessionTest {
  private static final Optional<Boolean> REFUSED = Optional.of(false);
  private static final ByteString ID = ByteString.copyFrom(Vectors.repeated(7, 16));
  private static final ByteString OTHER_ID = ByteString.copyFrom(Vectors.repeated(8, 16));

  @TempDir Path directory;
  private FakeTerminal terminal;

  @BeforeEach
  void start() {
    terminal = new FakeTerminal(directory, TestCard.VISA);
  }

  @AfterEach
  void stop() {
    terminal.close();
  }

  @Test
  void paymentIsSealedSignedAndShown() {
    terminal.open();
    SignedPayment payment = pay(ID);
    byte[] body = payment.getReaderPayment().toByteArray();
    VerifyingKey key = new VerifyingKey(terminal.mesh.readerSigning.publicKey());
    assertTrue(
        Dsse.verify(PayloadType.READER_PAYMENT, body, payment.getSignature().toByteArray(), key));

    PaymentContext context = contextOf(payment);
    assertEquals(1, context.getCounter());
    assertEquals("TILL0001", context.getTerminalId());
    assertEquals(context.getReaderTimeMs() + 120_000, context.getSubmitBeforeMs());
    byte[] digest = Dsse.digest(PayloadType.PAYMENT_CONTEXT, FakeMesh.contextBytes(payment));
    byte[] cardBox = FakeMesh.readerPayment(payment).getCardBox().toByteArray();
    byte[] card = SaltServer.open(terminal.mesh.cardKey, cardBox);
    assertArrayEquals(digest, Arrays.copyOfRange(card, 2, 66));
    byte[] pinBox = FakeMesh.readerPayment(payment).getPinBox().toByteArray();
    assertEquals(128, SaltServer.open(terminal.mesh.pinKey, pinBox).length);

    show(terminal.mesh.result(payment, same -> {}));
    assertEquals(ShownOutcome.SHOWN_OUTCOME_APPROVED, hearShown());
    assertEquals(2, contextOf(pay(OTHER_ID)).getCounter());
  }

  @Test
  void signedBytesAreTheSameWheneverTheyAreAskedForAgain() {
    terminal.open();
    SignedPayment payment = pay(ID);
    terminal.hangUp();
    terminal.close();
    terminal = new FakeTerminal(directory, TestCard.VISA, terminal.time, terminal.mesh).open();
    terminal.say(
        TerminalMessage.newBuilder().setResendPayment(ResendPayment.newBuilder().setPaymentId(ID)));
    assertEquals(payment, terminal.hearStep().getPaymentReady().getPayment());
    terminal.say(prepare(ID, same -> {}));
    assertEquals("ALREADY_SIGNED", terminal.hearStep().getFault().getCode());
    assertEquals(2, contextOf(pay(OTHER_ID)).getCounter());
  }

  @TestFactory
  Stream<DynamicTest> resultsThatAreNotBelieved() {
    record Case(String name, BiFunction<FakeMesh, SignedPayment, SignedResult> answer) {
      static Case changed(String name, Consumer<Result.Builder> change) {
        return new Case(name, (mesh, payment) -> mesh.result(payment, change));
      }
    }
    return Stream.of(
            Case.changed("another amount", it -> it.setApprovedAmountMinor(1)),
            Case.changed("a decline with an amount", it -> it.setOutcome(Outcome.OUTCOME_DECLINED)),
            Case.changed("another payment", it -> it.setPaymentId(OTHER_ID)),
            Case.changed("another reader", it -> it.setReaderSerial("JV-0002")),
            Case.changed("another merchant", it -> it.setMerchantId("ANOTHERSHOP0001")),
            Case.changed("another currency", it -> it.setCurrency(840)),
            Case.changed("no revision", it -> it.clearRevision()),
            Case.changed("another context", it -> it.setContextDigest(zeros(64))),
            Case.changed("out of date", it -> it.setValidUntilMs(1)),
            Case.changed("made before its key", it -> it.setProcessorTimeMs(1)),
            new Case(
                "another key",
                (mesh, payment) ->
                    mesh.result(payment, same -> {}).toBuilder().setKeyId(zeros(8)).build()),
            new Case(
                "one flipped bit",
                (mesh, payment) -> {
                  SignedResult right = mesh.result(payment, same -> {});
                  byte[] signature = Vectors.flipped(right.getSignature().toByteArray(), 40);
                  return right.toBuilder().setSignature(ByteString.copyFrom(signature)).build();
                }))
        .map(
            one ->
                DynamicTest.dynamicTest(
                    one.name(),
                    () -> {
                      try (FakeTerminal own = new FakeTerminal(fresh(), TestCard.VISA).open()) {
                        SignedPayment payment = pay(own, ID);
                        show(own, one.answer().apply(own.mesh, payment));
                        assertEquals(ShownOutcome.SHOWN_OUTCOME_UNKNOWN, hearShown(own));
                        // The right answer is still believed.
                        show(own, own.mesh.result(payment, same -> {}));
                        assertEquals(ShownOutcome.SHOWN_OUTCOME_APPROVED, hearShown(own));
                      }
                    }));
  }

  @TestFactory
  Stream<DynamicTest> terminalsThatTheReaderDoesNotShowItselfTo() {
    record Case(String name, Function<FakeMesh, SignedEnvelope> certificate) {}
    return Stream.of(
            new Case(
                "one signature",
                mesh -> mesh.terminalCertificate(same -> {}, mesh.acquirer.subList(0, 1))),
            new Case(
                "one key twice",
                mesh ->
                    mesh.terminalCertificate(
                        same -> {}, List.of(mesh.acquirer.get(0), mesh.acquirer.get(0)))),
            new Case(
                "another root",
                mesh -> mesh.terminalCertificate(same -> {}, mesh.vendor.subList(0, 2))),
            new Case(
                "out of date",
                mesh -> mesh.terminalCertificate(it -> it.setNotAfterMs(1), mesh.acquirer)),
            new Case(
                "not yet valid",
                mesh ->
                    mesh.terminalCertificate(
                        it -> it.setNotBeforeMs(Long.MAX_VALUE), mesh.acquirer)),
            new Case(
                "no terminal id",
                mesh -> mesh.terminalCertificate(it -> it.setTerminalId("x"), mesh.acquirer)),
            new Case(
                "another key than the channel's",
                mesh ->
                    mesh.terminalCertificate(
                        it ->
                            it.setIdentityKey(
                                ByteString.copyFrom(FakeMesh.newSigningKey().publicKey())),
                        mesh.acquirer)),
            new Case(
                "a small-order key",
                mesh ->
                    mesh.terminalCertificate(it -> it.setIdentityKey(zeros(32)), mesh.acquirer)))
        .map(
            one ->
                DynamicTest.dynamicTest(
                    one.name(),
                    () -> {
                      try (FakeTerminal own = new FakeTerminal(fresh(), TestCard.VISA)) {
                        own.shakeHands(
                            own.mesh.terminalIdentity, one.certificate().apply(own.mesh));
                        assertTrue(own.isSilent(), "no M4");
                        assertEquals(REFUSED, own.end());
                      }
                    }));
  }

  @Test
  void revokedTerminalIsRefusedBeforeTheReaderShowsItself() {
    SignedEnvelope certificate = terminal.mesh.terminalCertificate();
    byte[] id = KeyId.of(certificate.getPayload().toByteArray());
    terminal.open();
    terminal.say(
        TerminalMessage.newBuilder()
            .setManifest(
                terminal.mesh.manifest(
                    2, it -> it.addRevokedCertificateIds(ByteString.copyFrom(id)))));
    terminal.hangUp();
    terminal.shakeHands(terminal.mesh.terminalIdentity, certificate);
    assertTrue(terminal.isSilent());
    assertEquals(REFUSED, terminal.end());
  }

  @Test
  void terminalOfAnotherMerchantIsRefusedByAPairedReader() {
    terminal.open().hangUp();
    terminal.shakeHands(
        terminal.mesh.terminalIdentity,
        terminal.mesh.terminalCertificate(
            it -> it.setMerchantId("OTHERMERCHANT01"), terminal.mesh.acquirer));
    assertEquals(REFUSED, terminal.end());
  }

  @Test
  void helloThatNamesAnotherReaderIsRefused() {
    terminal.shakeHands(terminal.mesh.terminalIdentity, terminal.mesh.terminalCertificate());
    terminal.sayHello(new byte[64]);
    assertEquals(REFUSED, terminal.end());
  }

  @Test
  void packetThatDoesNotOpenEndsTheSession() {
    terminal.open();
    terminal.sendSalt(new byte[40]);
    assertEquals(REFUSED, terminal.end());
  }

  @Test
  void silenceEndsTheSession() {
    terminal.open();
    terminal.time.pass(Duration.ofSeconds(10));
    assertTrue(terminal.hear().hasHeartbeat());
    terminal.time.pass(Duration.ofSeconds(10));
    assertTrue(terminal.hear().hasHeartbeat());
    terminal.time.pass(Duration.ofSeconds(4));
    assertFalse(terminal.end().isPresent());
    terminal.time.pass(Duration.ofSeconds(1));
    assertEquals(REFUSED, terminal.end());
  }

  @TestFactory
  Stream<DynamicTest> commandsThatNoReaderCanFollow() {
    record Case(String code, Consumer<PreparePayment.Builder> change) {}
    return Stream.of(
            new Case("NOT_SUPPORTED", it -> it.setKind(PaymentKind.PAYMENT_KIND_VOID)),
            new Case("NOT_SUPPORTED", it -> it.setKindValue(99)),
            new Case("MALFORMED_REQUEST", it -> it.setPaymentId(zeros(15))),
            new Case("MALFORMED_REQUEST", it -> it.setPreviousPaymentId(zeros(1))),
            new Case("CURRENCY_NOT_ACCEPTED", it -> it.setCurrency(999)),
            new Case("AMOUNT_OUT_OF_RANGE", it -> it.clearAmounts()),
            new Case("AMOUNT_OUT_OF_RANGE", it -> it.getAmountsBuilder().setTotalMinor(-1)),
            new Case("AMOUNT_OUT_OF_RANGE", it -> it.getAmountsBuilder().setTipMinor(1_251)),
            new Case("WRONG_STATE", it -> it.setPreviousPaymentId(OTHER_ID)))
        .map(
            one ->
                DynamicTest.dynamicTest(
                    one.code(),
                    () -> {
                      try (FakeTerminal own = new FakeTerminal(fresh(), TestCard.VISA).open()) {
                        own.say(prepare(ID, one.change()));
                        ReaderMessage answer = own.hearStep();
                        assertEquals(one.code(), answer.getFault().getCode());
                        assertEquals(0, own.store.takeCounter(ID) - 1, "no counter was taken");
                      }
                    }));
  }

  @Test
  void paymentWithoutPinIsNotSignedAndMayBeConfirmedAgain() {
    terminal.open();
    terminal.say(prepare(ID, same -> {}));
    terminal.hearStep();
    terminal.hearStep();
    terminal.say(TerminalMessage.newBuilder().setConfirm(Confirm.newBuilder().setPaymentId(ID)));
    assertEquals("PIN_NOT_ENTERED", terminal.hearStep().getFault().getCode());
    assertFalse(terminal.store.isTaken(ID));
    terminal.say(confirm(ID, "1234"));
    assertTrue(terminal.hearStep().hasPaymentReady());
  }

  @Test
  void cancelledPaymentIsForgotten() {
    terminal.open();
    pay(ID);
    terminal.say(TerminalMessage.newBuilder().setCancel(Cancel.newBuilder().setPaymentId(ID)));
    assertEquals(
        CancelledBy.CANCELLED_BY_TERMINAL, terminal.hearStep().getCancelled().getCancelledBy());
    assertTrue(terminal.store.kept(ID).isEmpty());
    assertTrue(terminal.store.isTaken(ID));
  }

  @Test
  void pinRetryNamesTheDeclinedPayment() {
    terminal.open();
    SignedPayment wrong = pay(ID);
    show(
        terminal.mesh.result(
            wrong,
            it ->
                it.setOutcome(Outcome.OUTCOME_DECLINED)
                    .setResponseCode("55")
                    .clearApprovedAmountMinor()));
    assertEquals(ShownOutcome.SHOWN_OUTCOME_DECLINED, hearShown());
    terminal.hear();
    terminal.hear();
    terminal.say(prepare(OTHER_ID, it -> it.setPreviousPaymentId(ID)));
    assertTrue(terminal.hearStep().hasPrepared());
    terminal.hearStep();
    terminal.say(confirm(OTHER_ID, "1234"));
    PaymentContext again = contextOf(terminal.hearStep().getPaymentReady().getPayment());
    assertEquals(ID, again.getPreviousPaymentId());
    assertNotEquals(contextOf(wrong).getCounter(), again.getCounter());
  }

  @Test
  void directoryIsForOneReaderAtATime() {
    assertThrows(IllegalStateException.class, () -> new FakeTerminal(directory, TestCard.VISA));
  }

  private SignedPayment pay(ByteString paymentId) {
    return pay(terminal, paymentId);
  }

  private static SignedPayment pay(FakeTerminal terminal, ByteString paymentId) {
    terminal.say(prepare(paymentId, same -> {}));
    assertEquals(
        List.of("Corner Coffee", "12.50 EUR", "Insert, tap or swipe card"),
        terminal.hearStep().getPrepared().getDisplayLinesList());
    assertEquals("424242******4242", terminal.hearStep().getCardRead().getMaskedPan());
    terminal.say(confirm(paymentId, "1234"));
    return terminal.hearStep().getPaymentReady().getPayment();
  }

  private void show(SignedResult result) {
    show(terminal, result);
  }

  private static void show(FakeTerminal terminal, SignedResult result) {
    terminal.say(
        TerminalMessage.newBuilder().setShowResult(ShowResult.newBuilder().setResult(result)));
  }

  private ShownOutcome hearShown() {
    return hearShown(terminal);
  }

  private static ShownOutcome hearShown(FakeTerminal terminal) {
    return terminal.hearStep().getResultShown().getShown();
  }

  private static TerminalMessage.Builder prepare(
      ByteString paymentId, Consumer<PreparePayment.Builder> change) {
    PreparePayment.Builder prepared =
        PreparePayment.newBuilder()
            .setPaymentId(paymentId)
            .setKind(PaymentKind.PAYMENT_KIND_SALE)
            .setAmounts(Amounts.newBuilder().setTotalMinor(1250))
            .setCurrency(978);
    change.accept(prepared);
    return TerminalMessage.newBuilder().setPreparePayment(prepared);
  }

  private static TerminalMessage.Builder confirm(ByteString paymentId, String pin) {
    return TerminalMessage.newBuilder()
        .setConfirm(Confirm.newBuilder().setPaymentId(paymentId).setPin(pin));
  }

  private static PaymentContext contextOf(SignedPayment payment) {
    return ReaderStore.parseContext(ByteString.copyFrom(FakeMesh.contextBytes(payment)));
  }

  private Path fresh() {
    return directory.resolve("other-" + System.nanoTime());
  }

  private static ByteString zeros(int length) {
    return ByteString.copyFrom(new byte[length]);
  }
}
