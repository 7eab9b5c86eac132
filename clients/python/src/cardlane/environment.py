"""Settings from environment variables and the command line."""

from __future__ import annotations

import os
import re

_ADDRESS = re.compile(r"(\[[0-9a-fA-F:]+\]|[^\s:\[\]]+):([0-9]{1,5})")


class SettingError(Exception):
    """A setting is missing or has a wrong shape; the message is for a person."""


def address(name: str, default: str | None = None) -> str:
    """Return the "host:port" that a variable names."""
    value = text(name, default)
    if not _ADDRESS.fullmatch(value):
        raise SettingError(f"{name} must be host:port, got {value!r}")
    return value


def text(name: str, default: str | None = None) -> str:
    """Return a variable's text, which must be there when there is no default."""
    value = os.environ.get(name) or default
    if value is None:
        raise SettingError(f"{name} must be set")
    return value
