"""Chance, passed in so that the published examples can be made again."""

from __future__ import annotations

import os
from collections.abc import Callable

Random = Callable[[int], bytes]
"""Takes a number of bytes and returns as many, unpredictable."""


def system_random(length: int) -> bytes:
    """Return bytes from the operating system."""
    return os.urandom(length)
