"""Payment ids: UUIDs of version 7, 16 bytes on streams and text in unary calls."""

from __future__ import annotations

import time
import uuid


def new_payment_id() -> str:
    """Make an id (RFC 9562, section 5.7): 48 bits of Unix milliseconds, the rest random."""
    milliseconds = time.time_ns() // 1_000_000
    random = uuid.uuid4().int & (2**80 - 1)
    # Version and variant are the same bits as in version 4, but for the version's number.
    return str(uuid.UUID(int=(milliseconds << 80) | random & ~(0xF << 76) | 7 << 76))


def parse_payment_id(text: str) -> str | None:
    """Return the id in lower case, or nothing when the text is no UUID with hyphens."""
    try:
        parsed = str(uuid.UUID(text))
    except ValueError:
        return None
    return parsed if parsed == text.lower() else None
