package dev.cardlane.reader;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.cardlane.keys.v1.ReaderCertificate;
import dev.cardlane.keys.v1.SignedEnvelope;
import dev.cardlane.reader.v1.ReaderMessage;
import dev.cardlane.reader.v1.SessionRequest;
import dev.cardlane.reader.v1.SessionResponse;
import dev.cardlane.reader.v1.TerminalHello;
import dev.cardlane.reader.v1.TerminalMessage;
import dev.cardlane.sealing.Certificate;
import dev.cardlane.sealing.DukptRegister;
import dev.cardlane.sealing.KeptManifest;
import dev.cardlane.sealing.RandomBytes;
import dev.cardlane.sealing.SaltChannel;
import dev.cardlane.sealing.SaltServer;
import dev.cardlane.sealing.SigningKey;
import dev.cardlane.sealing.TrustedRoots;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/** A terminal, and the reader that it talks to, in one thread with time that stands still. */
final class FakeTerminal implements TerminalSession.Line, AutoCloseable {
  final FakeMesh mesh;
  final ManualTime time;
  final ReaderStore store;
  private final DurableFiles files;
  private final Certificate<ReaderCertificate> certificate;
  private final TerminalSession.Parts parts;
  private final Deque<byte[]> heard = new ArrayDeque<>();
  private TerminalSession session;
  private SaltServer salt;
  private SaltChannel channel;
  private Optional<Boolean> end = Optional.empty();

  FakeTerminal(Path directory, TestCard card) {
    this(directory, card, new ManualTime());
  }

  private FakeTerminal(Path directory, TestCard card, ManualTime time) {
    this(directory, card, time, new FakeMesh(time));
  }

  /** The same reader after a restart, or another terminal of the same mesh. */
  FakeTerminal(Path directory, TestCard card, ManualTime time, FakeMesh mesh) {
    this.time = time;
    this.mesh = mesh;
    TrustedRoots roots = mesh.roots();
    RandomBytes random = RandomBytes.system();
    certificate = Certificate.verifyReader(mesh.readerCertificate(), roots, time.nowMs());
    files = new DurableFiles(directory);
    store = new ReaderStore(files, () -> DukptRegister.load(new byte[8], random.next(16)));
    KeptManifest manifest = new KeptManifest(roots, store.readManifest(), store::writeManifest);
    PaymentSigner signer =
        new PaymentSigner(certificate, mesh.readerSigning, store, manifest, time, random);
    ReaderDevice device = new ReaderDevice(signer, time, card, Optional.of(TestCard.PIN));
    parts =
        new TerminalSession.Parts(
            new TerminalHandshake.Parts(mesh.readerIdentity, roots, manifest, store, time, random),
            device,
            certificate,
            time);
  }

  /** Opens a session up to both Hellos. */
  FakeTerminal open() {
    shakeHands(mesh.terminalIdentity, mesh.terminalCertificate());
    hear();
    sayHello(certificate.digest());
    return this;
  }

  /** Sends M2, certificate and M3. */
  void shakeHands(SigningKey identity, SignedEnvelope terminalCertificate) {
    heard.clear();
    end = Optional.empty();
    session = new TerminalSession(parts, this);
    salt = new SaltServer(identity, heard.remove(), time.monotonicMs());
    sendSalt(salt.m2());
    session.receive(
        SessionRequest.newBuilder().setTerminalCertificate(terminalCertificate).build());
    sendSalt(salt.m3());
    if (!heard.isEmpty()) {
      channel = salt.receiveM4(heard.remove());
    }
  }

  void sayHello(byte[] digest) {
    say(
        TerminalMessage.newBuilder()
            .setHello(
                TerminalHello.newBuilder()
                    .setReaderCertificateDigest(ByteString.copyFrom(digest))
                    .setManifest(mesh.manifest(1, same -> {}))));
  }

  void say(TerminalMessage.Builder message) {
    sendSalt(channel.seal(message.build().toByteArray(), time.monotonicMs()));
  }

  void sendSalt(byte[] packet) {
    session.receive(SessionRequest.newBuilder().setSalt(ByteString.copyFrom(packet)).build());
  }

  /** Returns the reader's next message. */
  ReaderMessage hear() {
    try {
      return ReaderMessage.parseFrom(channel.open(heard.remove(), time.monotonicMs()));
    } catch (InvalidProtocolBufferException notOne) {
      throw new AssertionError(notOne);
    }
  }

  /** Returns the reader's next message that is about no event. */
  ReaderMessage hearStep() {
    ReaderMessage message = hear();
    return message.hasEvent() ? hearStep() : message;
  }

  boolean isSilent() {
    return heard.isEmpty();
  }

  /** How the reader ended the session, if it has. */
  Optional<Boolean> end() {
    return end;
  }

  void hangUp() {
    session.close();
  }

  @Override
  public void send(SessionResponse frame) {
    heard.add(frame.getSalt().toByteArray());
  }

  @Override
  public void end(boolean isOrderly) {
    end = Optional.of(isOrderly);
  }

  @Override
  public void close() {
    files.close();
  }
}
