"""One payment at the reader: what it signs, shows and refuses."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from fake_mesh import MERCHANT_ID, declined
from fake_terminal import TRACEPARENT, FakeReaderHome, FakeTerminal
from vectors import flipped

from cardlane.payment.v1 import payment_pb2 as payment
from cardlane.reader.v1 import reader_pb2 as reader

if TYPE_CHECKING:
    from manual_time import ManualTime

APPROVED = reader.SHOWN_OUTCOME_APPROVED
DECLINED = reader.SHOWN_OUTCOME_DECLINED
UNKNOWN = reader.SHOWN_OUTCOME_UNKNOWN
REVERSED = reader.SHOWN_OUTCOME_REVERSED


def kinds(messages: list[reader.ReaderMessage]) -> list[str | None]:
    return [message.WhichOneof("message") for message in messages]


def terminal_with(home: FakeReaderHome, card: str, pin: str | None = None) -> FakeTerminal:
    terminal = FakeTerminal(home.mesh, home.time, home.start(card, pin))
    terminal.open()
    return terminal


def shown(terminal: FakeTerminal, signed: payment.SignedResult) -> reader.ResultShown:
    terminal.say(show_result=reader.ShowResult(result=signed))
    return terminal.heard()[0].result_shown


def fault_of(terminal: FakeTerminal) -> tuple[str, bytes]:
    (message,) = terminal.heard()
    assert message.WhichOneof("message") == "fault", message
    return message.fault.code, message.fault_payment_id


def test_prepare_shows_the_amount_and_presents_the_card(terminal: FakeTerminal) -> None:
    payment_id = terminal.prepare()
    messages = terminal.heard()
    assert kinds(messages) == ["prepared", "event", "event", "card_read"]
    assert {message.traceparent for message in messages} == {TRACEPARENT}
    assert messages[0].prepared.payment_id == payment_id
    assert messages[0].prepared.display_lines[:2] == ["Corner Coffee", "12.50 EUR"]
    card = messages[3].card_read
    assert (card.masked_pan, card.scheme) == ("424242******4242", "VISA")
    assert card.entry_mode == payment.ENTRY_MODE_CHIP
    assert card.verification == payment.VERIFICATION_ONLINE_PIN


def test_processor_opens_what_was_signed(terminal: FakeTerminal) -> None:
    payment_id = terminal.prepare(amount_minor=4711, accept_partial=True)
    signed = terminal.confirm(payment_id, pin="987654")
    opened = terminal.mesh.open(signed)
    context = opened.context
    assert context.payment_id == payment_id
    assert (context.counter, context.manifest_number) == (1, 1)
    assert (context.amounts.total_minor, context.currency) == (4711, 978)
    assert context.accept_partial
    assert (context.merchant_id, context.terminal_id) == (MERCHANT_ID, "TILL0001")
    assert context.pin_entry == payment.PIN_ENTRY_TERMINAL
    assert context.submit_before_ms - context.reader_time_ms == 120_000
    assert opened.card.pan == "4242424242424242"
    assert bytes.fromhex("9f0206000000004711") in opened.card.emv_data
    assert opened.key_serial_number.endswith(b"\0\0\0\1")
    assert terminal.mesh.pin_of(opened) == "987654"


def test_counter_and_pin_key_grow_over_a_restart(home: FakeReaderHome) -> None:
    seen = []
    for _ in range(3):
        opened = home.mesh.open(terminal_with(home, "visa").sign())
        seen.append((opened.context.counter, opened.key_serial_number[-1]))
    assert seen == [(1, 1), (2, 2), (3, 3)]


@pytest.mark.parametrize(
    ("changes", "outcome", "lines"),
    [
        ({}, APPROVED, ["APPROVED", "12.50 EUR"]),
        (declined("51"), DECLINED, ["DECLINED", "Nothing was charged"]),
        (
            {"outcome": payment.OUTCOME_REVERSED, "revision": 2},
            REVERSED,
            ["REVERSED", "Nothing was charged"],
        ),
    ],
    ids=["approved", "declined", "reversed"],
)
def test_verified_result_is_shown(
    terminal: FakeTerminal, changes: dict[str, object], outcome: int, lines: list[str]
) -> None:
    answer = shown(terminal, terminal.mesh.answer(terminal.sign(), **changes))
    assert answer.shown == outcome
    assert answer.display_lines == lines


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": payment.OUTCOME_UNSPECIFIED},
        {"approved_amount_minor": 1249},
        {"approved_amount_minor": 1251},
        {"outcome": payment.OUTCOME_PARTIALLY_APPROVED, "approved_amount_minor": 1000},
        {"outcome": payment.OUTCOME_DECLINED},
        {"currency": 840},
        {"reader_serial": "OTHER"},
        {"merchant_id": "ANOTHERSHOP0001"},
        {"payment_id": bytes(16)},
        {"context_digest": bytes(64)},
        {"version": 2},
        {"revision": 0},
        {"valid_until_ms": 1},
        {"processor_time_ms": 1},
    ],
    ids=str,
)
def test_result_that_is_no_answer_is_shown_as_unknown(
    terminal: FakeTerminal, changes: dict[str, object]
) -> None:
    signed = terminal.sign()
    assert shown(terminal, terminal.mesh.answer(signed, **changes)).shown == UNKNOWN
    # The right one still counts.
    assert shown(terminal, terminal.mesh.answer(signed)).shown == APPROVED


@pytest.mark.parametrize("part", ["result", "signature", "key_id"])
def test_result_with_one_flipped_bit_is_shown_as_unknown(terminal: FakeTerminal, part: str) -> None:
    answer = terminal.mesh.answer(terminal.sign())
    setattr(answer, part, flipped(getattr(answer, part), 3))
    assert shown(terminal, answer).shown == UNKNOWN


def test_partial_approval_where_it_was_signed(terminal: FakeTerminal) -> None:
    signed = terminal.sign(accept_partial=True)
    partial = {"outcome": payment.OUTCOME_PARTIALLY_APPROVED, "approved_amount_minor": 1000}
    answer = shown(terminal, terminal.mesh.answer(signed, **partial))
    assert answer.display_lines == ["APPROVED", "10.00 EUR"]


def test_higher_revision_replaces_and_lower_does_not(terminal: FakeTerminal) -> None:
    signed = terminal.sign()
    assert shown(terminal, terminal.mesh.answer(signed)).shown == APPROVED
    reversal = terminal.mesh.answer(signed, outcome=payment.OUTCOME_REVERSED, revision=2)
    terminal.heard()
    assert shown(terminal, reversal).shown == REVERSED
    assert shown(terminal, terminal.mesh.answer(signed)).shown == UNKNOWN


def test_show_unknown(terminal: FakeTerminal) -> None:
    signed = terminal.sign()
    payment_id = terminal.mesh.open(signed).context.payment_id
    terminal.say(show_unknown=reader.ShowUnknown(payment_id=payment_id))
    (message,) = terminal.heard()
    assert message.result_shown.display_lines == ["UNKNOWN", "Wait for the cashier"]
    # The answer may still come, and the bytes are kept for it.
    assert shown(terminal, terminal.mesh.answer(signed)).shown == APPROVED


def test_resend_gives_the_same_bytes_until_the_answer(home: FakeReaderHome) -> None:
    signed = terminal_with(home, "visa").sign()
    payment_id = home.mesh.open(signed).context.payment_id
    terminal = terminal_with(home, "visa")
    terminal.say(resend_payment=reader.ResendPayment(payment_id=payment_id))
    assert terminal.heard()[0].payment_ready.payment == signed
    assert shown(terminal, home.mesh.answer(signed)).shown == APPROVED
    terminal.heard()
    terminal.say(resend_payment=reader.ResendPayment(payment_id=payment_id))
    assert fault_of(terminal) == ("PAYMENT_NOT_FOUND", payment_id)


def test_payment_id_is_never_signed_twice(home: FakeReaderHome) -> None:
    signed = terminal_with(home, "visa").sign()
    payment_id = home.mesh.open(signed).context.payment_id
    terminal = terminal_with(home, "visa")
    terminal.prepare(payment_id)
    assert fault_of(terminal) == ("ALREADY_SIGNED", payment_id)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amount_minor": 0}, "AMOUNT_OUT_OF_RANGE"),
        ({"amount_minor": 1_000_000_000_000}, "AMOUNT_OUT_OF_RANGE"),
        ({"currency": 0}, "CURRENCY_NOT_ACCEPTED"),
        ({"currency": 999}, "CURRENCY_NOT_ACCEPTED"),
        ({"kind": payment.PAYMENT_KIND_VOID}, "NOT_SUPPORTED"),
        ({"kind": payment.PAYMENT_KIND_BALANCE_ENQUIRY}, "AMOUNT_OUT_OF_RANGE"),
        ({"payment_id": bytes(15)}, "MALFORMED_REQUEST"),
        ({"previous_payment_id": bytes(3)}, "MALFORMED_REQUEST"),
        ({"previous_payment_id": bytes(16)}, "WRONG_STATE"),
    ],
    ids=str,
)
def test_prepare_is_refused(terminal: FakeTerminal, fields: dict[str, object], code: str) -> None:
    payment_id = terminal.prepare(**fields)  # type: ignore[arg-type]
    assert fault_of(terminal) == (code, payment_id)


def test_busy_reader_takes_no_second_payment(terminal: FakeTerminal) -> None:
    first = terminal.prepare()
    terminal.heard()
    second = terminal.prepare()
    assert fault_of(terminal) == ("READER_BUSY", second)
    assert terminal.confirm(first)


@pytest.mark.parametrize("pin", ["", "123", "1234567890123", "12a4", "१२३४"])
def test_wrong_pin_shapes_are_refused_and_can_be_corrected(
    terminal: FakeTerminal, pin: str
) -> None:
    payment_id = terminal.prepare()
    terminal.heard()
    terminal.say(confirm=reader.Confirm(payment_id=payment_id, pin=pin))
    assert fault_of(terminal) == ("PIN_NOT_ENTERED", payment_id)
    assert terminal.mesh.open(terminal.confirm(payment_id)).context.counter == 1


def test_cancel_before_the_signature(terminal: FakeTerminal) -> None:
    payment_id = terminal.prepare()
    terminal.heard()
    terminal.say(cancel=reader.Cancel(payment_id=payment_id))
    (message,) = terminal.heard()
    assert message.cancelled.cancelled_by == reader.CANCELLED_BY_TERMINAL
    terminal.say(confirm=reader.Confirm(payment_id=payment_id, pin="1234"))
    assert fault_of(terminal) == ("WRONG_STATE", payment_id)


def test_cancel_after_the_signature_forgets_the_bytes(terminal: FakeTerminal) -> None:
    signed = terminal.sign()
    payment_id = terminal.mesh.open(signed).context.payment_id
    terminal.say(cancel=reader.Cancel(payment_id=payment_id))
    assert kinds(terminal.heard()) == ["cancelled"]
    assert shown(terminal, terminal.mesh.answer(signed)).shown == UNKNOWN


def test_nobody_confirms(terminal: FakeTerminal, time: ManualTime) -> None:
    terminal.prepare()
    terminal.heard()
    for _ in range(6):  # the session stays alive meanwhile
        time.pass_seconds(10)
        terminal.say(heartbeat={})
    cancelled = [m for m in terminal.heard() if m.WhichOneof("message") == "cancelled"]
    assert [m.cancelled.cancelled_by for m in cancelled] == [reader.CANCELLED_BY_TIMEOUT]


def test_tap_of_a_low_amount_needs_no_pin(home: FakeReaderHome) -> None:
    terminal = terminal_with(home, "online_pin_sca_retry")
    payment_id = terminal.prepare(amount_minor=5000)
    card = terminal.heard()[-1].card_read
    assert card.verification == payment.VERIFICATION_NONE
    opened = home.mesh.open(terminal.confirm(payment_id, pin=""))
    assert opened.pin_block == b""
    assert opened.context.pin_key_id == b""


@pytest.mark.parametrize(
    ("card", "amount_minor"), [("online_pin_sca_retry", 5001), ("online_pin_cvm", 1)]
)
def test_tap_that_needs_a_pin(home: FakeReaderHome, card: str, amount_minor: int) -> None:
    terminal = terminal_with(home, card)
    terminal.prepare(amount_minor=amount_minor)
    card_read = terminal.heard()[-1].card_read
    assert card_read.verification == payment.VERIFICATION_ONLINE_PIN


def test_retry_after_a_wrong_pin_and_after_1a(home: FakeReaderHome) -> None:
    terminal = terminal_with(home, "online_pin_sca_retry")
    tapped = terminal.sign()
    shown(terminal, home.mesh.answer(tapped, **declined("1A")))
    terminal.heard()
    previous = home.mesh.open(tapped).context.payment_id
    inserted = terminal.sign(previous_payment_id=previous)
    opened = home.mesh.open(inserted)
    assert opened.context.entry_mode == payment.ENTRY_MODE_CHIP
    assert opened.context.previous_payment_id == previous
    shown(terminal, home.mesh.answer(inserted, **declined("55")))
    terminal.heard()
    again = terminal.sign(previous_payment_id=opened.context.payment_id)
    assert home.mesh.open(again).context.entry_mode == payment.ENTRY_MODE_CHIP


@pytest.mark.parametrize(
    ("code", "amount_minor"), [("51", 1250), ("55", 1251)], ids=["other decline", "other amount"]
)
def test_retry_that_does_not_repeat_is_refused(
    terminal: FakeTerminal, code: str, amount_minor: int
) -> None:
    signed = terminal.sign()
    shown(terminal, terminal.mesh.answer(signed, **declined(code)))
    terminal.heard()
    previous = terminal.mesh.open(signed).context.payment_id
    payment_id = terminal.prepare(amount_minor=amount_minor, previous_payment_id=previous)
    assert fault_of(terminal) == ("WRONG_STATE", payment_id)


def test_chip_compares_an_offline_pin_itself(home: FakeReaderHome) -> None:
    terminal = terminal_with(home, "offline_pin_cvm")
    payment_id = terminal.prepare()
    terminal.heard()
    terminal.say(confirm=reader.Confirm(payment_id=payment_id, pin="4321"))
    assert fault_of(terminal)[0] == "PIN_NOT_ENTERED"
    opened = home.mesh.open(terminal.confirm(payment_id))
    assert opened.context.verification == payment.VERIFICATION_OFFLINE_PIN
    assert opened.pin_block == b""


def test_pin_typed_on_the_reader(home: FakeReaderHome) -> None:
    terminal = terminal_with(home, "visa", pin="4711")
    payment_id = terminal.prepare()
    terminal.heard()
    terminal.say(confirm=reader.Confirm(payment_id=payment_id, pin_on_reader=True))
    messages = terminal.heard()
    assert kinds(messages) == ["event", "payment_ready"]
    opened = home.mesh.open(messages[1].payment_ready.payment)
    assert opened.context.pin_entry == payment.PIN_ENTRY_READER
    assert home.mesh.pin_of(opened) == "4711"


def test_expired_manifest_stops_payments(terminal: FakeTerminal, time: ManualTime) -> None:
    time.passed_ms += 1
    home_manifest = terminal.mesh.manifest(2, expires_at_ms=time.now_ms() + 5_000)
    terminal.say(manifest=home_manifest)
    time.pass_seconds(6)
    payment_id = terminal.prepare()
    assert fault_of(terminal) == ("KEY_NOT_VALID", payment_id)


def test_unknown_step_is_answered_with_a_fault(terminal: FakeTerminal) -> None:
    unknown = os.urandom(16)
    terminal.say(confirm=reader.Confirm(payment_id=unknown))
    assert fault_of(terminal) == ("WRONG_STATE", unknown)
