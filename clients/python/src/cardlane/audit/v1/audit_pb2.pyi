from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AuditStep(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AUDIT_STEP_UNSPECIFIED: _ClassVar[AuditStep]
    AUDIT_STEP_PROPOSED: _ClassVar[AuditStep]
    AUDIT_STEP_BEGUN: _ClassVar[AuditStep]
    AUDIT_STEP_DONE: _ClassVar[AuditStep]
    AUDIT_STEP_REFUSED: _ClassVar[AuditStep]
AUDIT_STEP_UNSPECIFIED: AuditStep
AUDIT_STEP_PROPOSED: AuditStep
AUDIT_STEP_BEGUN: AuditStep
AUDIT_STEP_DONE: AuditStep
AUDIT_STEP_REFUSED: AuditStep

class StreamAuditEntriesRequest(_message.Message):
    __slots__ = ("after_sequence",)
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    after_sequence: int
    def __init__(self, after_sequence: _Optional[int] = ...) -> None: ...

class StreamAuditEntriesResponse(_message.Message):
    __slots__ = ("entries",)
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[AuditEntry]
    def __init__(self, entries: _Optional[_Iterable[_Union[AuditEntry, _Mapping]]] = ...) -> None: ...

class AuditEntry(_message.Message):
    __slots__ = ("sequence", "at_ms", "program", "actor", "address", "method", "subject", "request_digest", "step", "of_sequence", "outcome", "previous_hash", "hash")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    AT_MS_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_DIGEST_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    OF_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_HASH_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    at_ms: int
    program: str
    actor: str
    address: str
    method: str
    subject: str
    request_digest: bytes
    step: AuditStep
    of_sequence: int
    outcome: str
    previous_hash: bytes
    hash: bytes
    def __init__(self, sequence: _Optional[int] = ..., at_ms: _Optional[int] = ..., program: _Optional[str] = ..., actor: _Optional[str] = ..., address: _Optional[str] = ..., method: _Optional[str] = ..., subject: _Optional[str] = ..., request_digest: _Optional[bytes] = ..., step: _Optional[_Union[AuditStep, str]] = ..., of_sequence: _Optional[int] = ..., outcome: _Optional[str] = ..., previous_hash: _Optional[bytes] = ..., hash: _Optional[bytes] = ...) -> None: ...
