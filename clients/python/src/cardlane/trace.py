"""W3C Trace Context, version 00."""

from __future__ import annotations

import re
import secrets

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def new_traceparent() -> str:
    """Begin a trace that is sampled."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def trace_id(traceparent: str) -> str:
    """Return the 32 hex digits of the trace; empty when the text is not a traceparent."""
    match = _TRACEPARENT.fullmatch(traceparent)
    return match[1] if match else ""
