"""Time that goes by when a test says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

START_MS = 1_800_000_000_000


@dataclass
class ManualTimer:
    """A timer that was set."""

    due_ms: int
    callback: Callable[[], object]
    is_cancelled: bool = False

    def cancel(self) -> None:
        self.is_cancelled = True


@dataclass
class ManualTime:
    """Clock and timers in one."""

    passed_ms: int = 0
    timers: list[ManualTimer] = field(default_factory=list)

    def now_ms(self) -> int:
        return START_MS + self.passed_ms

    def monotonic_ms(self) -> int:
        return self.passed_ms

    def call_later(self, delay: float, callback: Callable[[], object], /) -> ManualTimer:
        timer = ManualTimer(self.passed_ms + int(delay * 1_000), callback)
        self.timers.append(timer)
        return timer

    def pass_seconds(self, seconds: float) -> None:
        """Let timers fire in their order."""
        until_ms = self.passed_ms + int(seconds * 1_000)
        while due := [t for t in self.timers if not t.is_cancelled and t.due_ms <= until_ms]:
            timer = min(due, key=lambda t: t.due_ms)
            self.timers.remove(timer)
            self.passed_ms = timer.due_ms
            timer.callback()
        self.passed_ms = until_ms
