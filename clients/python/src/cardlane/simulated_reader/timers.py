"""Timers, passed in so that tests can let time go by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Timer(Protocol):
    """What `call_later` returns."""

    def cancel(self) -> None:
        """Without effect when it has fired."""
        ...


class Timers(Protocol):
    """The part of an asyncio event loop that this needs."""

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Timer:
        """Call once, `delay` seconds from now."""
        ...
