"""A terminal at the other end of a reader's session, without a network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fake_mesh import FakeMesh, certificate_digest
from salt_server import SaltServer

from cardlane.payment.v1 import payment_pb2 as payment
from cardlane.reader.v1 import reader_pb2 as reader
from cardlane.sealing.certificates import verify_reader_certificate
from cardlane.sealing.dukpt import DukptRegister
from cardlane.sealing.ed25519 import Signer
from cardlane.sealing.manifest import KeptManifest
from cardlane.simulated_reader.cards import CARDS
from cardlane.simulated_reader.device import ReaderDevice
from cardlane.simulated_reader.durable_files import DurableFiles
from cardlane.simulated_reader.handshake import HandshakeParts
from cardlane.simulated_reader.session import SessionParts, TerminalSession
from cardlane.simulated_reader.sign_payment import PaymentSigner
from cardlane.simulated_reader.store import ReaderStore

if TYPE_CHECKING:
    from pathlib import Path

    from manual_time import ManualTime

    from cardlane.keys.v1 import keys_pb2 as keys
    from cardlane.sealing.key_files import KeyFolder
    from cardlane.sealing.salt_channel import SaltChannel

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class FakeTerminal:
    """Holds what the reader sends until a test looks at it."""

    def __init__(self, mesh: FakeMesh, time: ManualTime, parts: SessionParts) -> None:
        self.mesh = mesh
        self.time = time
        self.sent_by_reader: list[tuple[int, bytes]] = []  # when it came, and the packet
        self.ended_orderly: bool | None = None
        self.channel: SaltChannel | None = None
        self.certificate = mesh.terminal_certificate()
        self.session = TerminalSession(
            parts,
            lambda frame: self.sent_by_reader.append((time.monotonic_ms(), frame.salt)),
            self._ended,
        )

    def _ended(self, is_orderly: bool) -> None:  # noqa: FBT001
        assert self.ended_orderly is None
        self.ended_orderly = is_orderly

    def shake_hands(
        self,
        certificate: keys.SignedEnvelope | None = None,
        identity: Signer | None = None,
        time_support: int = 1,
    ) -> None:
        """Send M2, certificate and M3, and take M4."""
        _, m1 = self.sent_by_reader.pop(0)
        signer = identity or self.mesh.terminal_identity
        server = SaltServer(signer, m1, self.time.monotonic_ms(), time_support=time_support)
        self.send_frame(salt=server.m2)
        self.send_frame(terminal_certificate=certificate or self.certificate)
        assert self.sent_by_reader == [], "the reader showed itself too early"
        self.send_frame(salt=server.m3)
        if self.sent_by_reader:
            self.channel = server.receive_m4(self.sent_by_reader.pop(0)[1])

    def open(self, manifest: keys.DelegatedManifest | None = None) -> reader.ReaderHello:
        """Do all that comes before the first payment."""
        self.shake_hands()
        (message,) = self.heard()
        hello = message.hello
        digest = certificate_digest(hello.reader_certificate)
        self.say(
            hello=reader.TerminalHello(
                reader_certificate_digest=digest, manifest=manifest or self.mesh.manifest()
            )
        )
        return hello

    def say(self, traceparent: str = TRACEPARENT, **message: object) -> None:
        assert self.channel is not None
        body = reader.TerminalMessage(traceparent=traceparent, **message)  # type: ignore[arg-type]
        packet = self.channel.seal(body.SerializeToString(), self.time.monotonic_ms())
        self.send_frame(salt=packet)

    def send_frame(self, **frame: object) -> None:
        self.session.receive(reader.SessionRequest(**frame))  # type: ignore[arg-type]

    def heard(self) -> list[reader.ReaderMessage]:
        """Return what the reader has said since it was asked last."""
        assert self.channel is not None
        packets, self.sent_by_reader = self.sent_by_reader, []
        opened = [self.channel.open(packet, came_ms) for came_ms, packet in packets]
        return [reader.ReaderMessage.FromString(data) for data in opened]

    def prepare(
        self, payment_id: bytes | None = None, amount_minor: int = 1250, **fields: object
    ) -> bytes:
        """Ask for a payment and return its id."""
        wanted = payment_id or os.urandom(16)
        command = reader.PreparePayment(
            payment_id=wanted,
            amounts=payment.Amounts(total_minor=amount_minor),
            **{"kind": payment.PAYMENT_KIND_SALE, "currency": 978, **fields},  # type: ignore[arg-type]
        )
        self.say(prepare_payment=command)
        return wanted

    def confirm(self, payment_id: bytes, pin: str = "1234") -> payment.SignedPayment:
        """Go on, and return the signed bytes."""
        self.heard()
        self.say(confirm=reader.Confirm(payment_id=payment_id, pin=pin))
        (message,) = self.heard()
        assert message.WhichOneof("message") == "payment_ready", message
        return message.payment_ready.payment

    def sign(self, **fields: object) -> payment.SignedPayment:
        """Prepare and confirm."""
        return self.confirm(self.prepare(**fields))  # type: ignore[arg-type]


class FakeReaderHome:
    """What a reader has on its disk; `start` is a power-up."""

    def __init__(self, mesh: FakeMesh, time: ManualTime, path: Path) -> None:
        self.mesh = mesh
        self.time = time
        self.data = path / "data"
        self.folder: KeyFolder = mesh.write_reader_keys(path / "keys")

    def start(self, card: str = "visa", pin: str | None = None) -> SessionParts:
        files = DurableFiles(self.data)
        roots = self.mesh.parsed_roots()
        envelope = self.folder.read_certificate()
        certificate = verify_reader_certificate(envelope, roots, self.time.now_ms())
        store = ReaderStore(
            files,
            lambda: DukptRegister.load(
                certificate.wire.dukpt_initial_key_id, self.folder.read_key("dukpt-initial")
            ),
        )
        files.close()  # the lock alone, so that a test can start the reader again
        manifest = KeptManifest(roots, store.read_manifest(), store.write_manifest)
        signing = Signer(self.folder.read_key("signing"))
        signer = PaymentSigner(certificate, signing, store, manifest, self.time, os.urandom)
        handshake = HandshakeParts(
            Signer(self.folder.read_key("identity")), roots, manifest, store, self.time, os.urandom
        )
        device = ReaderDevice(signer, self.time, CARDS[card], pin)
        return SessionParts(handshake, device, envelope, certificate, self.time)
