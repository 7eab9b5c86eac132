package dev.cardlane.reader;

import dev.cardlane.keys.v1.TerminalCertificate;
import dev.cardlane.reader.v1.ReaderMessage;
import dev.cardlane.sealing.Certificate;
import java.util.function.Consumer;

/** An authenticated terminal, and how to speak to it. Two are the same only if they are one. */
final class AttachedTerminal {
  private final Certificate<TerminalCertificate> certificate;
  private final Consumer<ReaderMessage> send;

  AttachedTerminal(Certificate<TerminalCertificate> certificate, Consumer<ReaderMessage> send) {
    this.certificate = certificate;
    this.send = send;
  }

  Certificate<TerminalCertificate> certificate() {
    return certificate;
  }

  void send(ReaderMessage message) {
    send.accept(message);
  }
}
