"""The person at the till: acts as the command line says, and tells what happens."""

from __future__ import annotations

import asyncio
import getpass
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cardlane.payment.v1 import payment_pb2 as payment
from cardlane.reader.v1 import reader_pb2 as reader
from cardlane.reader.v1 import reader_pb2_grpc as reader_grpc
from cardlane.terminal.v1 import terminal_pb2 as terminal
from cardlane.till.report_lines import record_number_text
from cardlane.till.words import word

if TYPE_CHECKING:
    import grpc

_HAND_WITHIN_S = 10.0
_PIN_VERIFICATIONS = (payment.VERIFICATION_ONLINE_PIN, payment.VERIFICATION_OFFLINE_PIN)


class PinMissingError(Exception):
    """The card asks for a PIN, and there is nobody to type it."""


@dataclass
class Person:
    """Confirms every payment, and presents a card only where the reader is a simulated one."""

    pin: str | None
    is_pin_on_reader: bool = False
    card: str | None = None
    """Name of a test card to present through the simulated reader's control service."""
    reader_channel: grpc.aio.Channel | None = None

    def see(self, event: terminal.PayResponse) -> None:
        """Tell it on stderr, so that stdout has the result alone."""
        match event.WhichOneof("event"):
            case "started":
                _tell("reader", event.started.reader_serial)
            case "prepared":
                _tell("reader shows", " · ".join(event.prepared.display_lines))
            case "reader_event":
                _tell("reader", word(reader.ReaderEventKind, event.reader_event.kind))
            case "confirmation_needed":
                card = event.confirmation_needed
                entry_mode = word(payment.EntryMode, card.entry_mode)
                _tell("card read", f"{card.scheme} {card.masked_pan}, {entry_mode}")
            case "submitted":
                _tell("submitted", "to the relay")
            case "recorded":
                _tell("record number", record_number_text(event.recorded.record_number))

    async def present_card(self) -> None:
        """Present the card that was named; without one a hand does it."""
        if self.card is None or self.reader_channel is None:
            return
        stub = reader_grpc.ReaderControlServiceStub(self.reader_channel)
        request = reader.PresentCardRequest(card=self.card)
        await stub.PresentCard(request, timeout=_HAND_WITHIN_S)

    async def confirm(self, card: reader.CardRead) -> terminal.ConfirmPayment:
        """Go on, with a PIN where the card asks for one."""
        if card.verification not in _PIN_VERIFICATIONS:
            return terminal.ConfirmPayment()
        if self.is_pin_on_reader:
            return terminal.ConfirmPayment(pin_on_reader=True)
        return terminal.ConfirmPayment(pin=await self._ask_pin())

    async def type_pin(self) -> None:
        """Type it on the simulated reader's keys; a reader that types by itself has none."""
        if self.reader_channel is None:
            return
        stub = reader_grpc.ReaderControlServiceStub(self.reader_channel)
        request = reader.TypePinRequest(pin=await self._ask_pin())
        await stub.TypePin(request, timeout=_HAND_WITHIN_S)

    async def _ask_pin(self) -> str:
        if self.pin is not None:
            return self.pin
        if not sys.stdin.isatty():
            raise PinMissingError("this card asks for a PIN: give --pin")
        return await asyncio.to_thread(getpass.getpass, "PIN: ")


def _tell(what: str, facts: str) -> None:
    print(f"  {what:14} {facts}", file=sys.stderr)  # noqa: T201
