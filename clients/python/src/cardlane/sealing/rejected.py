"""The one outward failure of everything that opens or verifies."""

from __future__ import annotations


class RejectedError(Exception):
    """Sealed or signed data was refused.

    `reason` is for the security log alone: whoever sent the data learns that it was refused, and
    never at which check.
    """

    def __init__(self, reason: str) -> None:
        super().__init__("rejected")
        self.reason = reason
