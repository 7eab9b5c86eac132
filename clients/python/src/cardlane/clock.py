"""Time, passed in so that tests can set it."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Two clocks: what the date is, and how much time went by."""

    def now_ms(self) -> int:
        """Return Unix milliseconds. May be set back."""
        ...

    def monotonic_ms(self) -> int:
        """Return milliseconds from an unknown moment. Never set back."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now_ms(self) -> int:
        """Return Unix milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        """Return milliseconds since the machine's start."""
        return time.monotonic_ns() // 1_000_000
