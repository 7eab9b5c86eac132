"""The reader apart from its connections: display, card and one payment at a time.

    IDLE ──prepare──▶ AWAITING_CONFIRM ──confirm──▶ AWAITING_RESULT ──show_result──▶ IDLE

A hand would put a card to the reader after `prepare`; here the card is there at once. `cancel`, a
step that takes too long and the loss of the session lead back to IDLE from every step before the
signature. After it only the terminal can cancel, because it alone knows whether the payment was
submitted.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cardlane.errors import PaymentError
from cardlane.payment.v1 import payment_pb2 as payment
from cardlane.reader.v1 import reader_pb2 as reader
from cardlane.simulated_reader.answers import CANCELLED_LINES, UNKNOWN_LINES, Answers
from cardlane.simulated_reader.card_reading import CardReading, enter_pin, read_card
from cardlane.simulated_reader.prepared_payment import amount_line, check_prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cardlane.sealing.certificates import TerminalCertificate
    from cardlane.simulated_reader.cards import Card
    from cardlane.simulated_reader.sign_payment import PaymentSigner
    from cardlane.simulated_reader.timers import Timer, Timers

log = logging.getLogger(__name__)

_CONFIRM_WITHIN_S = 60.0
# submit_before is 120 s after the signature, and an answer may take its time.
_RESULT_WITHIN_S = 180.0
# How long after submit_before the signed bytes can still be asked for.
_RESEND_MARGIN_MS = 60_000

_EVENT_OF_ENTRY_MODE = {
    payment.ENTRY_MODE_CHIP: reader.READER_EVENT_KIND_CARD_INSERTED,
    payment.ENTRY_MODE_CONTACTLESS: reader.READER_EVENT_KIND_CARD_TAPPED,
    payment.ENTRY_MODE_MAGSTRIPE: reader.READER_EVENT_KIND_CARD_SWIPED,
    payment.ENTRY_MODE_FALLBACK: reader.READER_EVENT_KIND_CARD_SWIPED,
}


@dataclass(frozen=True)
class AttachedTerminal:
    """An authenticated terminal, and how to speak to it."""

    certificate: TerminalCertificate
    send: Callable[[reader.ReaderMessage], None]


@dataclass(frozen=True)
class Underway:
    """A payment that was prepared."""

    prepared: reader.PreparePayment
    terminal: TerminalCertificate
    reading: CardReading
    traceparent: str


class ReaderDevice:
    """One reader.

    `card` is presented for every payment; `pin` is what is typed on its own keys, if it has some.
    """

    def __init__(
        self, signer: PaymentSigner, timers: Timers, card: Card, pin: str | None = None
    ) -> None:
        self._signer = signer
        self._timers = timers
        self._card = card
        self._pin = pin
        self._terminal: AttachedTerminal | None = None
        self._underway: Underway | None = None
        self._is_signed = False
        self._timer: Timer | None = None
        self._answers = Answers(signer)
        self.display: Sequence[str] = ("Welcome",)

    @property
    def has_pin_pad(self) -> bool:
        """Whether a PIN can be typed on the reader itself."""
        return self._pin is not None

    def attach(self, terminal: AttachedTerminal) -> None:
        """Serve an authenticated terminal, in place of the one before."""
        self._cut()
        self._terminal = terminal

    def detach(self, terminal: AttachedTerminal) -> None:
        """Forget a terminal whose session is over."""
        if self._terminal is terminal:
            self._cut()
            self._terminal = None

    def obey(self, message: reader.TerminalMessage, terminal: AttachedTerminal) -> None:
        """Follow one message. A step that does not happen is answered with a fault."""
        if self._terminal is not terminal:
            return
        body = getattr(message, message.WhichOneof("message") or "", None)
        payment_id = getattr(body, "payment_id", b"")
        try:
            self._follow(message, terminal)
        except PaymentError as error:
            self._fail(error, payment_id)
        except Exception:
            log.exception("a step failed")
            self._fail(PaymentError("INTERNAL", "internal error"), payment_id)

    def _follow(self, message: reader.TerminalMessage, terminal: AttachedTerminal) -> None:
        match message.WhichOneof("message"):
            case "prepare_payment":
                self._prepare(message.prepare_payment, terminal, message.traceparent)
            case "confirm":
                self._confirm(message.confirm)
            case "cancel":
                self._cancel(message.cancel.payment_id)
            case "show_result":
                self._show_result(message.show_result.result)
            case "show_unknown":
                self._show_unknown(message.show_unknown.payment_id)
            case "resend_payment":
                self._resend(message.resend_payment.payment_id)
            case name:
                raise PaymentError("NOT_SUPPORTED", f"the reader knows no {name}")

    def _prepare(
        self, prepared: reader.PreparePayment, terminal: AttachedTerminal, traceparent: str
    ) -> None:
        if self._underway is not None and not self._is_signed:
            raise PaymentError("READER_BUSY", "the reader is busy with another payment")
        check_prepare(prepared)
        now_ms = self._signer.clock.now_ms()
        self._signer.store.drop_submittable_until(now_ms - _RESEND_MARGIN_MS)
        self._signer.manifest.valid_at(now_ms)
        if self._signer.store.is_taken(prepared.payment_id):
            raise PaymentError("ALREADY_SIGNED", "the reader has signed this payment_id already")
        reading = read_card(self._card, prepared, self._answers.last)
        self._enter(Underway(prepared, terminal.certificate, reading, traceparent))
        merchant = terminal.certificate.wire.merchant_name
        self.display = (merchant, amount_line(prepared), "Insert, tap or swipe card")
        payment_id = prepared.payment_id
        lines = self.display
        self._say(
            reader.ReaderMessage(
                prepared=reader.Prepared(payment_id=payment_id, display_lines=lines)
            )
        )
        self._present(reading, payment_id)

    def _present(self, reading: CardReading, payment_id: bytes) -> None:
        """Do what a hand would do: put the card to the reader."""
        self._tell(reader.READER_EVENT_KIND_PROMPT_PRESENT_CARD)
        self._tell(_EVENT_OF_ENTRY_MODE[reading.entry_mode])
        card_read = reader.CardRead(
            payment_id=payment_id,
            masked_pan=self._card.masked_number,
            scheme=self._card.scheme,
            entry_mode=reading.entry_mode,
            verification=reading.verification,
        )
        self.display = (*self.display[:2], "Please wait")
        self._say(reader.ReaderMessage(card_read=card_read))

    def _confirm(self, confirm: reader.Confirm) -> None:
        underway = self._require_underway(confirm.payment_id)
        if self._is_signed:
            raise PaymentError("WRONG_STATE", "the payment is confirmed already")
        pin = enter_pin(underway.reading, confirm, self._pin)
        if pin is not None and pin.entry == payment.PIN_ENTRY_READER:
            self._tell(reader.READER_EVENT_KIND_PIN_ENTRY_STARTED)
        try:
            signed = self._signer.sign(underway.prepared, underway.terminal, underway.reading, pin)
        except Exception:
            # Nothing has left the reader. What was taken (counter, PIN key) is wasted.
            self._idle(CANCELLED_LINES)
            raise
        self._enter(underway, is_signed=True)
        self._say(reader.ReaderMessage(payment_ready=reader.PaymentReady(payment=signed)))

    def _cancel(self, payment_id: bytes) -> None:
        self._require_underway(payment_id)
        if self._is_signed:
            self._signer.store.drop(payment_id)
        self._stop(reader.CANCELLED_BY_TERMINAL)

    def _show_result(self, signed: payment.SignedResult) -> None:
        """Show what the processor signed, or UNKNOWN: nothing but its signature is believed."""
        underway = self._underway
        if underway is not None and not self._is_signed:
            raise PaymentError("READER_BUSY", "the reader is busy with another payment")
        try:
            answered = self._answers.take(signed)
        except PaymentError as error:
            log.warning("result refused: %s", error.__cause__ or error)
            payment_id = underway.prepared.payment_id if underway else b""
            self._say_shown(payment_id, reader.SHOWN_OUTCOME_UNKNOWN, UNKNOWN_LINES)
            return
        self._say_shown(answered.result.payment_id, answered.shown, answered.lines)
        # A late answer to an earlier payment must not look like the answer to the one underway.
        if underway and underway.prepared.payment_id != answered.result.payment_id:
            return
        if answered.context.entry_mode == payment.ENTRY_MODE_CHIP:
            self._tell(reader.READER_EVENT_KIND_PROMPT_REMOVE_CARD)
            self._tell(reader.READER_EVENT_KIND_CARD_REMOVED)
        self._idle(answered.lines)

    def _show_unknown(self, payment_id: bytes) -> None:
        if self._underway is not None and not self._is_signed:
            raise PaymentError("READER_BUSY", "the reader is busy with another payment")
        self._say_shown(payment_id, reader.SHOWN_OUTCOME_UNKNOWN, UNKNOWN_LINES)
        self._idle(UNKNOWN_LINES)

    def _resend(self, payment_id: bytes) -> None:
        """Give out the same bytes again, as long as they are kept."""
        kept = self._signer.store.kept(payment_id)
        if kept is None:
            raise PaymentError(
                "PAYMENT_NOT_FOUND", "the reader has no signed bytes of this payment"
            )
        self._say(reader.ReaderMessage(payment_ready=reader.PaymentReady(payment=kept)))

    def _require_underway(self, payment_id: bytes) -> Underway:
        if self._underway is None or self._underway.prepared.payment_id != payment_id:
            raise PaymentError("WRONG_STATE", "the reader is not busy with this payment_id")
        return self._underway

    def _enter(self, underway: Underway, *, is_signed: bool = False) -> None:
        self._clear_timer()
        self._underway = underway
        self._is_signed = is_signed
        seconds = _RESULT_WITHIN_S if is_signed else _CONFIRM_WITHIN_S
        self._timer = self._timers.call_later(seconds, self._expire)

    def _expire(self) -> None:
        if self._is_signed:
            self._idle(UNKNOWN_LINES)
        else:
            self._stop(reader.CANCELLED_BY_TIMEOUT)

    def _cut(self) -> None:
        """Stop when the session is lost. What was signed is kept: its answer may still come."""
        if self._underway is not None and not self._is_signed:
            self._idle(CANCELLED_LINES)

    def _stop(self, cancelled_by: reader.CancelledBy) -> None:
        payment_id = self._underway.prepared.payment_id if self._underway else b""
        self._say(
            reader.ReaderMessage(
                cancelled=reader.Cancelled(payment_id=payment_id, cancelled_by=cancelled_by)
            )
        )
        self._idle(CANCELLED_LINES)

    def _idle(self, display: Sequence[str]) -> None:
        self._clear_timer()
        self._underway = None
        self._is_signed = False
        self.display = display

    def _clear_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None

    def _tell(self, kind: reader.ReaderEventKind) -> None:
        payment_id = self._underway.prepared.payment_id if self._underway else b""
        self._say(reader.ReaderMessage(event=reader.ReaderEvent(payment_id=payment_id, kind=kind)))

    def _say_shown(
        self, payment_id: bytes, shown: reader.ShownOutcome, lines: Sequence[str]
    ) -> None:
        result_shown = reader.ResultShown(payment_id=payment_id, shown=shown, display_lines=lines)
        self._say(reader.ReaderMessage(result_shown=result_shown))

    def _say(self, message: reader.ReaderMessage) -> None:
        """Say something in the trace of the payment that is underway."""
        message.traceparent = self._underway.traceparent if self._underway else ""
        self._send(message)

    def _fail(self, error: PaymentError, payment_id: bytes) -> None:
        fault = error.to_fault()
        self._send(reader.ReaderMessage(fault=fault, fault_payment_id=payment_id))

    def _send(self, message: reader.ReaderMessage) -> None:
        if self._terminal is not None:
            self._terminal.send(message)
