from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DrainReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DRAIN_REASON_UNSPECIFIED: _ClassVar[DrainReason]
    DRAIN_REASON_AGE: _ClassVar[DrainReason]
    DRAIN_REASON_SHUTDOWN: _ClassVar[DrainReason]
DRAIN_REASON_UNSPECIFIED: DrainReason
DRAIN_REASON_AGE: DrainReason
DRAIN_REASON_SHUTDOWN: DrainReason

class Hello(_message.Message):
    __slots__ = ("program", "instance", "protocol_version", "heartbeat_interval_ms", "frame_bytes_max", "time_ms")
    PROGRAM_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_INTERVAL_MS_FIELD_NUMBER: _ClassVar[int]
    FRAME_BYTES_MAX_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    program: str
    instance: str
    protocol_version: int
    heartbeat_interval_ms: int
    frame_bytes_max: int
    time_ms: int
    def __init__(self, program: _Optional[str] = ..., instance: _Optional[str] = ..., protocol_version: _Optional[int] = ..., heartbeat_interval_ms: _Optional[int] = ..., frame_bytes_max: _Optional[int] = ..., time_ms: _Optional[int] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ("sent_at_ms",)
    SENT_AT_MS_FIELD_NUMBER: _ClassVar[int]
    sent_at_ms: int
    def __init__(self, sent_at_ms: _Optional[int] = ...) -> None: ...

class Drain(_message.Message):
    __slots__ = ("reason", "grace_ms")
    REASON_FIELD_NUMBER: _ClassVar[int]
    GRACE_MS_FIELD_NUMBER: _ClassVar[int]
    reason: DrainReason
    grace_ms: int
    def __init__(self, reason: _Optional[_Union[DrainReason, str]] = ..., grace_ms: _Optional[int] = ...) -> None: ...

class Close(_message.Message):
    __slots__ = ("frames_received",)
    FRAMES_RECEIVED_FIELD_NUMBER: _ClassVar[int]
    frames_received: int
    def __init__(self, frames_received: _Optional[int] = ...) -> None: ...
