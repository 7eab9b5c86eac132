"""The language-neutral vectors of this repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).resolve().parents[3] / "test" / "vectors"


def read_vectors(name: str) -> Any:  # noqa: ANN401
    """Return the content of test/vectors/<name>.json."""
    return json.loads((_FOLDER / f"{name}.json").read_text())


def repeated(byte: int, length: int = 32) -> bytes:
    """Return one byte, repeated."""
    return bytes([byte]) * length


def flipped(data: bytes, byte: int) -> bytes:
    """Return the data with one bit of one byte changed."""
    return data[:byte] + bytes([data[byte] ^ 1]) + data[byte + 1 :]
