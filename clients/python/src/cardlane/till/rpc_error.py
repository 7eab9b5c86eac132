"""gRPC errors with their google.rpc details, for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2 as details
from google.rpc import status_pb2

if TYPE_CHECKING:
    import grpc

_DOMAIN = "cardlane"
_STATUS_KEY = "grpc-status-details-bin"


@dataclass(frozen=True)
class Failure:
    """What a server said of a call that it refused, or that failed."""

    code: str
    """Code of docs/failure-modes.md, or the name of the gRPC status when there is none."""
    message: str
    certainty: str = ""
    """FINAL or UNKNOWN; empty when the server did not say."""
    next_step: str = ""
    field: str = ""
    retry_after_ms: int = 0

    @classmethod
    def of(cls, error: grpc.aio.AioRpcError) -> Failure:
        """Read ErrorInfo, BadRequest and RetryInfo out of an error."""
        status = _status_of(error)
        info, bad_request, retry = (
            details.ErrorInfo(),
            details.BadRequest(),
            details.RetryInfo(),
        )
        for detail in status.details:
            for wanted in (info, bad_request, retry):
                detail.Unpack(wanted)
        violations = bad_request.field_violations
        is_ours = info.domain == _DOMAIN
        return cls(
            code=info.reason if is_ours else error.code().name,
            message=error.details() or "",
            certainty=info.metadata.get("certainty", "") if is_ours else "",
            next_step=info.metadata.get("next_step", "") if is_ours else "",
            field=violations[0].field if violations else "",
            retry_after_ms=retry.retry_delay.ToMilliseconds(),
        )

    def lines(self) -> list[str]:
        """Say it, one fact per line."""
        facts = {
            "field": self.field,
            "certainty": self.certainty.lower(),
            "next": self.next_step.lower().replace("_", " "),
            "retry after": f"{self.retry_after_ms} ms" if self.retry_after_ms else "",
        }
        head = f"{self.code}: {self.message}"
        return [head, *(f"  {name}: {value}" for name, value in facts.items() if value)]


def _status_of(error: grpc.aio.AioRpcError) -> status_pb2.Status:
    """Return the details; an error of the connection, or damaged details, have none."""
    trailers = error.trailing_metadata() or ()
    for key, value in trailers:
        if key == _STATUS_KEY:
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                break
    return status_pb2.Status()
