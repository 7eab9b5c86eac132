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
from cardlane.till.silence import SIGN_OF_LIFE_S, Listening, SilentLineError

if TYPE_CHECKING:
    from collections.abc import Callable

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
    connect: Callable[[], grpc.aio.Channel],
    order: Order,
    people: People,
    interval_s: float = SIGN_OF_LIFE_S,
) -> terminal.PaymentReport:
    """Return what is known in the end.

    When the terminal goes away or falls silent during the payment it is asked once what became of
    it, over another connection; without an answer the report is UNKNOWN, which is not a decline.
    Raises TimeoutError when there is no terminal, AioRpcError when it surely did nothing, and
    whatever `people` raise, after the payment was cancelled. `interval_s` is how often a terminal
    speaks that has not said so yet.
    """
    async with connect() as channel:
        await asyncio.wait_for(channel.channel_ready(), _CONNECT_WITHIN_S)
        stub = terminal_grpc.TerminalServiceStub(channel)
        conversation = _Conversation(stub.Pay(), people, Listening(interval_s))
        try:
            await conversation.say(terminal.PayRequest(start=_start_of(order)))
            report = await conversation.listen()
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError, SilentLineError) as error:
            if isinstance(error, grpc.aio.AioRpcError) and conversation.is_sure(Failure.of(error)):
                raise
            report = None
    if conversation.failure is not None:
        raise conversation.failure
    if report is not None:
        return report
    async with connect() as channel:
        stub = terminal_grpc.TerminalServiceStub(channel)
        return await _ask_again(stub, order.payment_id)


class _Conversation:
    """The stream of one payment."""

    def __init__(
        self,
        stream: grpc.aio.StreamStreamCall[terminal.PayRequest, terminal.PayResponse],
        people: People,
        listening: Listening,
    ) -> None:
        self._stream = stream
        self._people = people
        self._listening = listening
        self._has_sign_of_life = False
        self._is_started = False
        # Its id is stored: from then on no error of the stream is its end.
        self._is_begun = False
        # What a person's hand failed at; told when the terminal has confirmed the cancellation.
        self.failure: Exception | None = None

    async def say(self, request: terminal.PayRequest) -> None:
        await self._stream.write(request)

    async def listen(self) -> terminal.PaymentReport | None:
        """Return the last report; nothing when the stream ended without one."""
        async for event in self._listening.messages(self._stream):
            self._is_started = True
            self._is_begun |= event.WhichOneof("event") == "started"
            self._learn_interval(event)
            self._people.see(event)
            if event.WhichOneof("event") == "finished":
                await self._stream.done_writing()
                report: terminal.PaymentReport = event.finished
                return report
            request = await self._ask_people(event)
            if request is not None:
                await self.say(request)
        return None

    def _learn_interval(self, event: terminal.PayResponse) -> None:
        """Count on what the terminal promised; one of an earlier version promises nothing."""
        if event.WhichOneof("event") == "sign_of_life":
            self._has_sign_of_life = True
            self._listening.interval_s = event.sign_of_life.interval_ms / 1_000
        elif not self._has_sign_of_life:
            self._listening.interval_s = None

    def is_sure(self, failure: Failure) -> bool:
        """Tell whether a failure means that nothing happened."""
        if self._is_begun:
            return False
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
