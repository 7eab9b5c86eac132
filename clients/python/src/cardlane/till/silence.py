"""Whether a line is dead: a server speaks on its streams, if only to say that it is there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, TypeVar

import grpc

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

SIGN_OF_LIFE_S = 10.0
"""How often a server speaks on a stream."""
_SILENT_INTERVALS = 2.5

Message = TypeVar("Message")
Message_co = TypeVar("Message_co", covariant=True)


class SilentLineError(Exception):
    """Nothing was heard for too long: the next attempt needs another connection."""


class ReadableCall(Protocol[Message_co]):
    """A call whose server sends a stream."""

    async def read(self) -> Message_co | grpc.aio.EOF:
        """Return the next message."""
        ...

    def cancel(self) -> bool:
        """End the call."""
        ...


class Listening:
    """Reads a stream, for no longer than its server may be silent."""

    def __init__(self, interval_s: float = SIGN_OF_LIFE_S) -> None:
        self.interval_s: float | None = interval_s
        """How often the server speaks; nothing for a server that does not promise to."""

    async def messages(self, call: ReadableCall[Message]) -> AsyncGenerator[Message]:
        """Give every message. Raises AioRpcError, or SilentLineError after 2.5 intervals."""
        while True:
            limit_s = None if self.interval_s is None else self.interval_s * _SILENT_INTERVALS
            try:
                async with asyncio.timeout(limit_s):
                    message = await call.read()
            except TimeoutError:
                call.cancel()
                raise SilentLineError(f"nothing heard for {limit_s:g} s") from None
            if message is grpc.aio.EOF:
                return
            yield message
