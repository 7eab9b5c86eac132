"""What a till does when nothing is heard any more."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from fake_services import FakeRelayService, FakeTerminalService, approved_report, serving

from cardlane.money import currency_from_letters
from cardlane.relay.v1 import relay_pb2 as relay
from cardlane.terminal.v1 import terminal_pb2 as terminal
from cardlane.till.changes import changes
from cardlane.till.channel import open_channel
from cardlane.till.person import Person
from cardlane.till.take_payment import Order, take_payment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import grpc

ORDER = Order("01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a", 1250, currency_from_letters("EUR"))
LIFE_MS = 20


@dataclass
class SilentTerminal(FakeTerminalService):
    """Begins a payment and says nothing any more."""

    has_sign_of_life: bool = True

    async def Pay(  # noqa: N802
        self,
        request_iterator: AsyncIterator[terminal.PayRequest],
        context: grpc.aio.ServicerContext,
    ) -> AsyncIterator[terminal.PayResponse]:
        _ = context
        self.heard.append(await anext(aiter(request_iterator)))
        if self.has_sign_of_life:
            life = terminal.SignOfLife(interval_ms=LIFE_MS)
            yield terminal.PayResponse(sign_of_life=life)
        started = terminal.PaymentStarted(payment_id=ORDER.payment_id)
        yield terminal.PayResponse(started=started)
        await asyncio.Event().wait()


@dataclass
class SilentRelay(FakeRelayService):
    """Says where a watch goes on and no more; asked again it has a change."""

    record: relay.PaymentRecord = field(default_factory=relay.PaymentRecord)

    async def WatchPayments(  # noqa: N802
        self, request: relay.WatchPaymentsRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[relay.WatchPaymentsResponse]:
        _ = context
        self.watched_after.append(request.after_sequence)
        if request.after_sequence == 0:
            yield relay.WatchPaymentsResponse(position=7)
            await asyncio.Event().wait()
        yield relay.WatchPaymentsResponse(sequence=9, position=9)


async def _pay(service: SilentTerminal, interval_s: float = 10.0) -> terminal.PaymentReport:
    async with serving(service) as address:
        person = Person(pin="1234")
        return await take_payment(lambda: open_channel(address), ORDER, person, interval_s)


def test_silent_terminal_is_asked_what_became_of_the_payment() -> None:
    service = SilentTerminal(approved_report(), later_report=approved_report())
    report = asyncio.run(_pay(service))
    assert report.payment_id == ORDER.payment_id
    assert report.state == approved_report().state
    assert len(service.heard) == 1


def test_terminal_of_an_earlier_version_is_not_taken_for_silent() -> None:
    service = SilentTerminal(approved_report(), has_sign_of_life=False)

    async def wait() -> None:
        # Longer than one that had promised it could be silent: 2.5 s.
        async with asyncio.timeout(4):
            await _pay(service, interval_s=1)

    with pytest.raises(TimeoutError):
        asyncio.run(wait())


def test_watch_whose_line_falls_silent_goes_on_without_a_gap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cardlane.till.changes._AGAIN_AFTER_S", 0)
    service = SilentRelay()

    async def first() -> int:
        async with serving(service) as address:
            watching = changes(lambda: open_channel(address), None, LIFE_MS / 1_000)
            async with aclosing(watching) as heard:
                async for change in heard:
                    return change.sequence
        return 0

    assert asyncio.run(first()) == 9
    assert service.watched_after[-1] == 7
