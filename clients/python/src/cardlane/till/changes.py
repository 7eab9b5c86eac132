"""Every change of every payment, over relays that restart and lines that fall silent."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import grpc

from cardlane.relay.v1 import relay_pb2 as relay
from cardlane.relay.v1 import relay_pb2_grpc as relay_grpc
from cardlane.till.silence import SIGN_OF_LIFE_S, Listening, SilentLineError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

# Before a relay that went away is asked again.
_AGAIN_AFTER_S = 1.0


async def changes(
    connect: Callable[[], grpc.aio.Channel],
    after: int | None,
    interval_s: float = SIGN_OF_LIFE_S,
) -> AsyncGenerator[relay.WatchPaymentsResponse]:
    """Give each change once, in order, for ever; from now on when `after` is nothing.

    A stream that ends, or on which nothing is heard, is followed by another one over a new
    connection, from the last position that was heard. Raises AioRpcError before anything was heard,
    and for every other error than UNAVAILABLE.
    """
    request = relay.WatchPaymentsRequest(after_sequence=after or 0, from_now=after is None)
    has_heard = False
    while True:
        try:
            async with connect() as channel:
                call = relay_grpc.RelayServiceStub(channel).WatchPayments(request)
                async with aclosing(Listening(interval_s).messages(call)) as heard:
                    async for change in heard:
                        has_heard = True
                        # A sign of life has a position alone; earlier relays give none.
                        position = max(change.position, change.sequence)
                        if position > 0:
                            request = relay.WatchPaymentsRequest(after_sequence=position)
                        if change.sequence > 0:
                            yield change
        except SilentLineError:
            pass
        except grpc.aio.AioRpcError as error:
            # Relays end every stream after a while, and when they stop.
            if error.code() != grpc.StatusCode.UNAVAILABLE or not has_heard:
                raise
        await asyncio.sleep(_AGAIN_AFTER_S)
