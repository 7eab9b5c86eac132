"""W3C Trace Context, version 00."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def new_traceparent() -> str:
    """Begin a trace that is sampled."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def traceparent_of(environment: Mapping[str, str]) -> str:
    """Return `TRACEPARENT`, to go on with the caller's trace; a new one when it is none."""
    given = environment.get("TRACEPARENT", "")
    return given if trace_id(given) else new_traceparent()


def trace_id(traceparent: str) -> str:
    """Return the 32 hex digits of the trace; empty when the text is not a traceparent."""
    match = _TRACEPARENT.fullmatch(traceparent)
    return match[1] if match else ""
