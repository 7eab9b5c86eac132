"""One payment from the till's side, from the first request to the last report."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import grpc

from cardlane.payment.v1 import payment_pb2 as payment
from cardlane.reader.v1 import reader_pb2 as reader
from cardlane.terminal.v1 import terminal_pb2 as terminal
from cardlane.terminal.v1 import terminal_pb2_grpc as terminal_grpc
from cardlane.till.rpc_error import Failure

if TYPE_CHECKING:
    from cardlane.money import Currency

_CONNECT_WITHIN_S = 5.0
_QUERY_WITHIN_S = 10.0


@dataclass(frozen=True)
class Order:
    """What is to be paid."""

    payment_id: str
    """Text UUID, chosen by the till: a repeat with the same id never charges twice."""
    amount_minor: int
    currency: Currency
    kind: payment.PaymentKind = payment.PAYMENT_KIND_SALE
    previous_payment_id: str = ""
    accept_partial: bool = False
    traceparent: str = ""


class People(Protocol):
    """Whoever takes the money and whoever holds the card."""

    def see(self, event: terminal.PayResponse) -> None:
        """Notice something that happened."""
        ...

    async def present_card(self) -> None:
        """Put the card to the reader."""
        ...

    async def confirm(self, card: reader.CardRead) -> terminal.ConfirmPayment | None:
        """Go on with the card that was read; nothing to cancel."""
        ...

    async def type_pin(self) -> None:
        """Type the PIN on the reader's own keys."""
        ...


async def take_payment(
    channel: grpc.aio.Channel, order: Order, people: People
) -> terminal.PaymentReport:
    """Return what is known in the end.

    When the terminal goes away during the payment it is asked once what became of it; without an
    answer the report is UNKNOWN, which is not a decline. Raises TimeoutError when there is no
    terminal, AioRpcError when it surely did nothing, and whatever `people` raise, after the payment
    was cancelled.
    """
    await asyncio.wait_for(channel.channel_ready(), _CONNECT_WITHIN_S)
    stub = terminal_grpc.TerminalServiceStub(channel)
    conversation = _Conversation(stub.Pay(), people)
    try:
        await conversation.say(terminal.PayRequest(start=_start_of(order)))
        report = await conversation.listen()
    except (grpc.aio.AioRpcError, asyncio.InvalidStateError) as error:
        if isinstance(error, grpc.aio.AioRpcError) and conversation.is_sure(Failure.of(error)):
            raise
        report = None
    if conversation.failure is not None:
        raise conversation.failure
    return report or await _ask_again(stub, order.payment_id)


class _Conversation:
    """The stream of one payment."""

    def __init__(
        self,
        stream: grpc.aio.StreamStreamCall[terminal.PayRequest, terminal.PayResponse],
        people: People,
    ) -> None:
        self._stream = stream
        self._people = people
        self._is_started = False
        # What a person's hand failed at; told when the terminal has confirmed the cancellation.
        self.failure: Exception | None = None

    async def say(self, request: terminal.PayRequest) -> None:
        await self._stream.write(request)

    async def listen(self) -> terminal.PaymentReport | None:
        """Return the last report; nothing when the stream ended without one."""
        async for event in self._stream:
            self._is_started = True
            self._people.see(event)
            if event.WhichOneof("event") == "finished":
                await self._stream.done_writing()
                report: terminal.PaymentReport = event.finished
                return report
            request = await self._ask_people(event)
            if request is not None:
                await self.say(request)
        return None

    def is_sure(self, failure: Failure) -> bool:
        """Tell whether a failure means that nothing happened."""
        if failure.certainty:
            return failure.certainty == "FINAL"
        return not self._is_started and failure.code != grpc.StatusCode.UNAVAILABLE.name

    async def _ask_people(self, event: terminal.PayResponse) -> terminal.PayRequest | None:
        """Return what to say next; a person who fails cancels the payment."""
        cancel = terminal.PayRequest(cancel=terminal.CancelPayment())
        try:
            match event.WhichOneof("event"):
                case "prepared":
                    await self._people.present_card()
                case "confirmation_needed":
                    confirm = await self._people.confirm(event.confirmation_needed)
                    return terminal.PayRequest(confirm=confirm) if confirm else cancel
                case "reader_event":
                    if event.reader_event.kind == reader.READER_EVENT_KIND_PIN_ENTRY_STARTED:
                        await self._people.type_pin()
        except Exception as error:  # noqa: BLE001
            self.failure = error
            return cancel
        return None


async def _ask_again(
    stub: terminal_grpc.TerminalServiceStub, payment_id: str
) -> terminal.PaymentReport:
    request = terminal.GetTerminalPaymentRequest(payment_id=payment_id)
    try:
        answer = await stub.GetTerminalPayment(request, timeout=_QUERY_WITHIN_S)
    except grpc.aio.AioRpcError:
        return terminal.PaymentReport(
            payment_id=payment_id,
            certainty=payment.CERTAINTY_UNKNOWN,
            next_step=payment.NEXT_STEP_RETRY_SAME_ID,
        )
    report: terminal.PaymentReport = answer.report
    return report


def _start_of(order: Order) -> terminal.StartPayment:
    return terminal.StartPayment(
        payment_id=order.payment_id,
        kind=order.kind,
        amounts=payment.Amounts(total_minor=order.amount_minor),
        currency=order.currency.number,
        accept_partial=order.accept_partial,
        previous_payment_id=order.previous_payment_id,
        traceparent=order.traceparent,
    )
