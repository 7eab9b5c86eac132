"""One terminal's session, as the reader sees it."""

from __future__ import annotations

import hmac
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from cardlane.errors import PaymentError
from cardlane.mesh.v1 import stream_pb2 as stream
from cardlane.reader.v1 import reader_pb2 as reader
from cardlane.sealing.rejected import RejectedError
from cardlane.simulated_reader.device import AttachedTerminal
from cardlane.simulated_reader.handshake import AcceptedTerminal, TerminalHandshake

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardlane.keys.v1 import keys_pb2 as keys
    from cardlane.sealing.certificates import ReaderCertificate
    from cardlane.simulated_reader.device import ReaderDevice
    from cardlane.simulated_reader.handshake import HandshakeParts
    from cardlane.simulated_reader.timers import Timer, Timers

log = logging.getLogger(__name__)

# A payment with its result is under 2 KiB, a full manifest under 6.
_SALT_BYTES_MAX = 8_192
# From M1 to the terminal's Hello.
_HANDSHAKE_S_MAX = 10.0
# How often each side speaks when it has nothing to say; silence of 2.5 times that is an end.
_HEARTBEAT_S = 10.0
_SILENCE_S_MAX = 25.0
_DRAIN_GRACE_MS = 5_000
_FIRMWARE = "cardlane-python 0.1.0"


@dataclass(frozen=True)
class SessionParts:
    """What a session needs besides its stream."""

    handshake: HandshakeParts
    device: ReaderDevice
    envelope: keys.SignedEnvelope
    """The reader's certificate as it was issued."""
    certificate: ReaderCertificate
    timers: Timers


class TerminalSession:
    """Nothing is obeyed before both Hellos have named both certificates.

    `send` takes what goes out. `end` is called once, with False when the terminal was refused:
    whatever was wrong looks the same from outside.
    """

    def __init__(
        self,
        parts: SessionParts,
        send: Callable[[reader.SessionResponse], None],
        end: Callable[[bool], None],
    ) -> None:
        self._parts = parts
        self._send_frame = send
        self._end_stream = end
        self._accepted: AcceptedTerminal | None = None
        self._attached: AttachedTerminal | None = None
        self._is_over = False
        self._beat_timer: Timer | None = None
        self._handshake = TerminalHandshake(parts.handshake)
        self._death_timer = parts.timers.call_later(_HANDSHAKE_S_MAX, self._die)
        self._send_salt(self._handshake.m1)

    def receive(self, frame: reader.SessionRequest) -> None:
        """Take one frame of the terminal."""
        if self._is_over:
            return
        try:
            if len(frame.salt) > _SALT_BYTES_MAX:
                raise RejectedError("packet too large")  # noqa: TRY301
            if self._accepted is None:
                self._shake_hands(frame)
            else:
                self._hear(self._open(frame, self._accepted), self._accepted)
        except (RejectedError, PaymentError, DecodeError) as error:
            self._refuse(error)

    def drain(self) -> None:
        """Ask the terminal to end the session, because the reader will stop."""
        drain = stream.Drain(reason=stream.DRAIN_REASON_SHUTDOWN, grace_ms=_DRAIN_GRACE_MS)
        self._send(reader.ReaderMessage(drain=drain))

    def close(self, *, is_orderly: bool = True) -> None:
        """End the session; without effect when it is over."""
        if self._is_over:
            return
        self._is_over = True
        self._death_timer.cancel()
        if self._beat_timer is not None:
            self._beat_timer.cancel()
        if self._accepted is not None:
            self._accepted.channel.close()
        if self._attached is not None:
            self._parts.device.detach(self._attached)
        self._end_stream(is_orderly)

    def _shake_hands(self, frame: reader.SessionRequest) -> None:
        accepted = self._handshake.receive(frame)
        if accepted is None:
            return
        self._accepted = accepted
        self._send_salt(accepted.m4)
        hello = reader.ReaderHello(
            reader_certificate=self._parts.envelope,
            terminal_certificate_digest=accepted.certificate.digest,
            manifest_number=self._parts.handshake.manifest.number,
            firmware=_FIRMWARE,
            has_pin_pad=self._parts.device.has_pin_pad,
            time_ms=self._parts.handshake.clock.now_ms(),
        )
        self._send(reader.ReaderMessage(hello=hello))

    def _open(
        self, frame: reader.SessionRequest, accepted: AcceptedTerminal
    ) -> reader.TerminalMessage:
        if frame.WhichOneof("frame") != "salt":
            raise RejectedError("certificate after the handshake")
        now_ms = self._parts.handshake.clock.monotonic_ms()
        return reader.TerminalMessage.FromString(accepted.channel.open(frame.salt, now_ms))

    def _hear(self, message: reader.TerminalMessage, accepted: AcceptedTerminal) -> None:
        name = message.WhichOneof("message")
        if self._attached is None:
            if name != "hello":
                raise RejectedError("first message is not Hello")
            self._attached = self._attach(message.hello, accepted)
            return
        self._await_death()
        match name:
            case "heartbeat":
                return
            case "close":
                self._send(reader.ReaderMessage(close=stream.Close()))
                self.close()
            case "manifest":
                self._take_manifest(message.manifest)
            case "hello" | "drain" | None:
                raise RejectedError("unexpected message")
            case _:
                self._parts.device.obey(message, self._attached)

    def _attach(self, hello: reader.TerminalHello, accepted: AcceptedTerminal) -> AttachedTerminal:
        own_digest = self._parts.certificate.digest
        if not hmac.compare_digest(hello.reader_certificate_digest, own_digest):
            raise RejectedError("Hello names another reader certificate")
        if hello.HasField("manifest"):
            self._take_manifest(hello.manifest)
        certificate = accepted.certificate
        # The manifest that has just come may know more than the one before M4.
        if self._parts.handshake.manifest.is_revoked(certificate.id):
            raise RejectedError("terminal certificate revoked")
        if not self._parts.handshake.store.merchant_id:
            self._parts.handshake.store.pair_with(certificate.wire.merchant_id)
        attached = AttachedTerminal(certificate, self._send)
        self._await_death()
        self._parts.device.attach(attached)
        wire = certificate.wire
        log.info("session open with terminal %s of %s", wire.terminal_id, wire.merchant_id)
        return attached

    def _take_manifest(self, delegated: keys.DelegatedManifest) -> None:
        handshake = self._parts.handshake
        try:
            handshake.manifest.offer(delegated, handshake.clock.now_ms())
        except PaymentError as error:
            # The manifest that is here stays; without a valid one the next payment says so.
            log.warning("key manifest refused: %s", error.__cause__ or error)

    def _await_death(self) -> None:
        self._death_timer.cancel()
        self._death_timer = self._parts.timers.call_later(_SILENCE_S_MAX, self._die)

    def _die(self) -> None:
        self._refuse(RejectedError("nothing heard"))

    def _beat(self) -> None:
        sent_at_ms = self._parts.handshake.clock.now_ms()
        self._send(reader.ReaderMessage(heartbeat=stream.Heartbeat(sent_at_ms=sent_at_ms)))

    def _send(self, message: reader.ReaderMessage) -> None:
        if self._accepted is None or self._is_over:
            return
        now_ms = self._parts.handshake.clock.monotonic_ms()
        try:
            packet = self._accepted.channel.seal(message.SerializeToString(), now_ms)
        except RejectedError as error:  # the session is a day old
            self._refuse(error)
        else:
            self._send_salt(packet)

    def _send_salt(self, salt: bytes) -> None:
        if self._beat_timer is not None:
            self._beat_timer.cancel()
        self._beat_timer = self._parts.timers.call_later(_HEARTBEAT_S, self._beat)
        self._send_frame(reader.SessionResponse(salt=salt))

    def _refuse(self, error: Exception) -> None:
        """One answer for everything that is wrong; what it was is for the security log."""
        cause = error.__cause__ or error
        log.warning("session refused: %s", getattr(cause, "reason", cause))
        self.close(is_orderly=False)
