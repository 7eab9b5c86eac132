"""The handshake and the session: what a stranger gets to see of a reader is nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fake_mesh import DAY_MS, FakeMesh, certificate_digest, new_signer
from fake_terminal import FakeReaderHome, FakeTerminal
from manual_time import START_MS, ManualTime
from salt_server import SaltServer
from vectors import flipped

from cardlane.keys.v1 import keys_pb2 as keys
from cardlane.reader.v1 import reader_pb2 as reader
from cardlane.sealing.ed25519 import Signer
from cardlane.sealing.issue import issue

if TYPE_CHECKING:
    from collections.abc import Callable


def new_terminal(home: FakeReaderHome) -> FakeTerminal:
    return FakeTerminal(home.mesh, home.time, home.start())


def test_both_hellos_name_both_certificates(home: FakeReaderHome) -> None:
    terminal = new_terminal(home)
    hello = terminal.open()
    assert hello.terminal_certificate_digest == certificate_digest(terminal.certificate)
    assert hello.manifest_number == 0
    assert not hello.has_pin_pad
    terminal.prepare()
    assert terminal.heard()[0].WhichOneof("message") == "prepared"
    # The manifest outlives the session.
    assert new_terminal(home).open().manifest_number == 1


@pytest.mark.parametrize(
    "certificate",
    [
        lambda mesh: issue(
            "terminal-certificate", certificate_body(mesh), mesh.roots["acquirer"][:1]
        ),
        lambda mesh: issue(
            "terminal-certificate", certificate_body(mesh), mesh.roots["acquirer"][:1] * 2
        ),
        lambda mesh: issue("terminal-certificate", certificate_body(mesh), mesh.roots["vendor"]),
        lambda mesh: issue("reader-certificate", certificate_body(mesh), mesh.roots["acquirer"]),
        lambda mesh: mesh.terminal_certificate(not_after_ms=START_MS - 1),
        lambda mesh: mesh.terminal_certificate(not_before_ms=START_MS + 1),
        lambda mesh: mesh.terminal_certificate(version=2),
        lambda mesh: mesh.terminal_certificate(merchant_id="SHORT"),
        lambda mesh: mesh.terminal_certificate(signing_key=bytes(32)),
        lambda mesh: mesh.terminal_certificate(identity_key=new_signer().public_key),
        lambda mesh: changed(mesh.terminal_certificate()),
        lambda _: keys.SignedEnvelope(),
    ],
    ids=[
        "one root key",
        "one root key twice",
        "another root",
        "another type",
        "expired",
        "not yet",
        "version",
        "merchant id",
        "small-order key",
        "not the key of M3",
        "one flipped bit",
        "empty",
    ],
)
def test_terminal_with_a_wrong_certificate_learns_nothing(
    home: FakeReaderHome, certificate: Callable[[FakeMesh], keys.SignedEnvelope]
) -> None:
    terminal = new_terminal(home)
    terminal.shake_hands(certificate=certificate(home.mesh))
    assert terminal.ended_orderly is False
    assert terminal.sent_by_reader == []


def certificate_body(mesh: FakeMesh) -> keys.TerminalCertificate:
    return keys.TerminalCertificate.FromString(mesh.terminal_certificate().payload)


def changed(envelope: keys.SignedEnvelope) -> keys.SignedEnvelope:
    envelope.payload = flipped(envelope.payload, 20)
    return envelope


def test_terminal_without_the_certificates_key_is_refused(home: FakeReaderHome) -> None:
    terminal = new_terminal(home)
    terminal.shake_hands(identity=new_signer())
    assert terminal.ended_orderly is False
    assert terminal.sent_by_reader == []


def test_terminal_that_shows_a_key_it_does_not_hold_is_refused(home: FakeReaderHome) -> None:
    class Impostor(Signer):
        """Has a key of its own, and the terminal's public key."""

        def __init__(self) -> None:
            super().__init__(bytes(32))
            self.public_key = home.mesh.terminal_identity.public_key

    terminal = new_terminal(home)
    terminal.shake_hands(identity=Impostor())
    assert terminal.ended_orderly is False
    assert terminal.sent_by_reader == []


def test_terminal_without_times_is_refused(home: FakeReaderHome) -> None:
    terminal = new_terminal(home)
    server = SaltServer(
        home.mesh.terminal_identity, terminal.sent_by_reader.pop(0)[1], 0, time_support=0
    )
    terminal.send_frame(salt=server.m2)
    assert terminal.ended_orderly is False


def test_revoked_terminal_is_refused(home: FakeReaderHome) -> None:
    terminal = new_terminal(home)
    revoked = certificate_digest(terminal.certificate)[:8]
    terminal.open(home.mesh.manifest(2, revoked_certificate_ids=[revoked]))
    assert terminal.ended_orderly is False
    again = new_terminal(home)
    again.shake_hands(certificate=terminal.certificate)
    assert again.ended_orderly is False
    assert again.sent_by_reader == []


def test_paired_reader_refuses_another_merchant(home: FakeReaderHome) -> None:
    new_terminal(home).open()
    terminal = new_terminal(home)
    other = home.mesh.terminal_certificate(merchant_id="OTHERMERCHANT01")
    terminal.shake_hands(certificate=other)
    assert terminal.ended_orderly is False
    assert terminal.sent_by_reader == []


def test_hello_that_names_another_reader_is_refused(home: FakeReaderHome) -> None:
    terminal = new_terminal(home)
    terminal.shake_hands()
    terminal.say(hello=reader.TerminalHello(reader_certificate_digest=bytes(64)))
    assert terminal.ended_orderly is False


def test_nothing_is_obeyed_before_hello(home: FakeReaderHome) -> None:
    terminal = new_terminal(home)
    terminal.shake_hands()
    terminal.heard()
    terminal.prepare()
    assert terminal.ended_orderly is False
    assert terminal.sent_by_reader == []


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 0},
        {"version": 2},
        {"expires_at_ms": START_MS - 1},
        {"expires_at_ms": START_MS + 8 * DAY_MS},
        {"issued_at_ms": START_MS + 1},
        {"keys": []},
    ],
    ids=str,
)
def test_wrong_manifest_is_not_taken(home: FakeReaderHome, changes: dict[str, object]) -> None:
    terminal = new_terminal(home)
    terminal.open(home.mesh.manifest(**changes))  # type: ignore[arg-type]
    terminal.prepare()
    assert terminal.heard()[0].fault.code == "KEY_NOT_VALID"


def test_manifest_never_goes_back(home: FakeReaderHome) -> None:
    new_terminal(home).open(home.mesh.manifest(5))
    terminal = new_terminal(home)
    terminal.open(home.mesh.manifest(4))
    terminal = new_terminal(home)
    assert terminal.open().manifest_number == 5
    terminal.say(manifest=home.mesh.manifest(6))
    assert new_terminal(home).open().manifest_number == 6


def test_packet_that_was_held_back_ends_the_session(
    terminal: FakeTerminal, time: ManualTime
) -> None:
    assert terminal.channel is not None
    message = reader.TerminalMessage(heartbeat={})
    packet = terminal.channel.seal(message.SerializeToString(), time.monotonic_ms())
    time.pass_seconds(10.001)
    terminal.send_frame(salt=packet)
    assert terminal.ended_orderly is False


@pytest.mark.parametrize(
    "tamper", [lambda p: flipped(p, 1), lambda p: flipped(p, 20), lambda _: b""]
)
def test_changed_packet_ends_the_session(
    terminal: FakeTerminal, tamper: Callable[[bytes], bytes]
) -> None:
    assert terminal.channel is not None
    packet = terminal.channel.seal(reader.TerminalMessage(heartbeat={}).SerializeToString(), 0)
    terminal.send_frame(salt=tamper(packet))
    assert terminal.ended_orderly is False


def test_repeated_packet_ends_the_session(terminal: FakeTerminal) -> None:
    assert terminal.channel is not None
    packet = terminal.channel.seal(reader.TerminalMessage(heartbeat={}).SerializeToString(), 0)
    terminal.send_frame(salt=packet)
    assert terminal.ended_orderly is None
    terminal.send_frame(salt=packet)
    assert terminal.ended_orderly is False


def test_heartbeats_and_silence(terminal: FakeTerminal, time: ManualTime) -> None:
    terminal.heard()
    time.pass_seconds(20)
    assert [m.WhichOneof("message") for m in terminal.heard()] == ["heartbeat", "heartbeat"]
    terminal.say(heartbeat={})
    time.pass_seconds(24.9)
    assert terminal.ended_orderly is None
    time.pass_seconds(0.2)
    assert terminal.ended_orderly is False


def test_handshake_that_takes_too_long(home: FakeReaderHome, time: ManualTime) -> None:
    terminal = new_terminal(home)
    time.pass_seconds(10)
    assert terminal.ended_orderly is False


def test_close_is_answered_with_close(terminal: FakeTerminal) -> None:
    terminal.heard()
    assert terminal.channel is not None
    terminal.say(close={})
    assert [m.WhichOneof("message") for m in terminal.heard()] == ["close"]
    assert terminal.ended_orderly is True


def test_second_session_takes_the_place_of_the_first(home: FakeReaderHome) -> None:
    parts = home.start()
    first = FakeTerminal(home.mesh, home.time, parts)
    first.open()
    payment_id = first.prepare()
    second = FakeTerminal(home.mesh, home.time, parts)
    second.open()
    first.heard()
    first.say(confirm=reader.Confirm(payment_id=payment_id, pin="1234"))
    assert first.heard() == []
    second.prepare()
    assert second.heard()[0].WhichOneof("message") == "prepared"
