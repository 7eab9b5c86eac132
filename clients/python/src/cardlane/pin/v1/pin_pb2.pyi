from cardlane.mesh.v1 import stream_pb2 as _stream_pb2
from cardlane.payment.v1 import payment_pb2 as _payment_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Verdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERDICT_UNSPECIFIED: _ClassVar[Verdict]
    VERDICT_VERIFIED: _ClassVar[Verdict]
    VERDICT_WRONG: _ClassVar[Verdict]
    VERDICT_TRIES_EXCEEDED: _ClassVar[Verdict]
    VERDICT_REFUSED: _ClassVar[Verdict]
    VERDICT_UNAVAILABLE: _ClassVar[Verdict]
VERDICT_UNSPECIFIED: Verdict
VERDICT_VERIFIED: Verdict
VERDICT_WRONG: Verdict
VERDICT_TRIES_EXCEEDED: Verdict
VERDICT_REFUSED: Verdict
VERDICT_UNAVAILABLE: Verdict

class VerifyRequest(_message.Message):
    __slots__ = ("hello", "heartbeat", "drain", "close", "box")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    DRAIN_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    BOX_FIELD_NUMBER: _ClassVar[int]
    hello: _stream_pb2.Hello
    heartbeat: _stream_pb2.Heartbeat
    drain: _stream_pb2.Drain
    close: _stream_pb2.Close
    box: PinBox
    def __init__(self, hello: _Optional[_Union[_stream_pb2.Hello, _Mapping]] = ..., heartbeat: _Optional[_Union[_stream_pb2.Heartbeat, _Mapping]] = ..., drain: _Optional[_Union[_stream_pb2.Drain, _Mapping]] = ..., close: _Optional[_Union[_stream_pb2.Close, _Mapping]] = ..., box: _Optional[_Union[PinBox, _Mapping]] = ...) -> None: ...

class VerifyResponse(_message.Message):
    __slots__ = ("hello", "heartbeat", "drain", "close", "verdicts", "box_refused")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    DRAIN_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    VERDICTS_FIELD_NUMBER: _ClassVar[int]
    BOX_REFUSED_FIELD_NUMBER: _ClassVar[int]
    hello: _stream_pb2.Hello
    heartbeat: _stream_pb2.Heartbeat
    drain: _stream_pb2.Drain
    close: _stream_pb2.Close
    verdicts: VerdictBatch
    box_refused: PinBoxRefused
    def __init__(self, hello: _Optional[_Union[_stream_pb2.Hello, _Mapping]] = ..., heartbeat: _Optional[_Union[_stream_pb2.Heartbeat, _Mapping]] = ..., drain: _Optional[_Union[_stream_pb2.Drain, _Mapping]] = ..., close: _Optional[_Union[_stream_pb2.Close, _Mapping]] = ..., verdicts: _Optional[_Union[VerdictBatch, _Mapping]] = ..., box_refused: _Optional[_Union[PinBoxRefused, _Mapping]] = ...) -> None: ...

class PinBox(_message.Message):
    __slots__ = ("number", "processor_key_id", "pin_service_key_id", "sealed")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    PROCESSOR_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    PIN_SERVICE_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SEALED_FIELD_NUMBER: _ClassVar[int]
    number: int
    processor_key_id: bytes
    pin_service_key_id: bytes
    sealed: bytes
    def __init__(self, number: _Optional[int] = ..., processor_key_id: _Optional[bytes] = ..., pin_service_key_id: _Optional[bytes] = ..., sealed: _Optional[bytes] = ...) -> None: ...

class PinBoxRefused(_message.Message):
    __slots__ = ("number", "fault")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    FAULT_FIELD_NUMBER: _ClassVar[int]
    number: int
    fault: _payment_pb2.PaymentFault
    def __init__(self, number: _Optional[int] = ..., fault: _Optional[_Union[_payment_pb2.PaymentFault, _Mapping]] = ...) -> None: ...

class PinVerifications(_message.Message):
    __slots__ = ("verifications",)
    VERIFICATIONS_FIELD_NUMBER: _ClassVar[int]
    verifications: _containers.RepeatedCompositeFieldContainer[PinVerification]
    def __init__(self, verifications: _Optional[_Iterable[_Union[PinVerification, _Mapping]]] = ...) -> None: ...

class PinVerification(_message.Message):
    __slots__ = ("request_number", "context", "pin_box", "pan", "digest", "dukpt_initial_key_id", "traceparent")
    REQUEST_NUMBER_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    PIN_BOX_FIELD_NUMBER: _ClassVar[int]
    PAN_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    DUKPT_INITIAL_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    request_number: int
    context: bytes
    pin_box: bytes
    pan: str
    digest: bytes
    dukpt_initial_key_id: bytes
    traceparent: str
    def __init__(self, request_number: _Optional[int] = ..., context: _Optional[bytes] = ..., pin_box: _Optional[bytes] = ..., pan: _Optional[str] = ..., digest: _Optional[bytes] = ..., dukpt_initial_key_id: _Optional[bytes] = ..., traceparent: _Optional[str] = ...) -> None: ...

class VerdictBatch(_message.Message):
    __slots__ = ("verdicts",)
    VERDICTS_FIELD_NUMBER: _ClassVar[int]
    verdicts: _containers.RepeatedCompositeFieldContainer[PinVerdict]
    def __init__(self, verdicts: _Optional[_Iterable[_Union[PinVerdict, _Mapping]]] = ...) -> None: ...

class PinVerdict(_message.Message):
    __slots__ = ("request_number", "verdict", "tries_left")
    REQUEST_NUMBER_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    TRIES_LEFT_FIELD_NUMBER: _ClassVar[int]
    request_number: int
    verdict: Verdict
    tries_left: int
    def __init__(self, request_number: _Optional[int] = ..., verdict: _Optional[_Union[Verdict, str]] = ..., tries_left: _Optional[int] = ...) -> None: ...

class TranslateRequest(_message.Message):
    __slots__ = ("pin_box",)
    PIN_BOX_FIELD_NUMBER: _ClassVar[int]
    pin_box: bytes
    def __init__(self, pin_box: _Optional[bytes] = ...) -> None: ...

class TranslateResponse(_message.Message):
    __slots__ = ("pin_block",)
    PIN_BLOCK_FIELD_NUMBER: _ClassVar[int]
    pin_block: bytes
    def __init__(self, pin_block: _Optional[bytes] = ...) -> None: ...

class UnlockCardRequest(_message.Message):
    __slots__ = ("payment_id",)
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    payment_id: str
    def __init__(self, payment_id: _Optional[str] = ...) -> None: ...

class UnlockCardResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
