from cardlane.keys.v1 import keys_pb2 as _keys_pb2
from cardlane.mesh.v1 import stream_pb2 as _stream_pb2
from cardlane.payment.v1 import payment_pb2 as _payment_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReaderEventKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    READER_EVENT_KIND_UNSPECIFIED: _ClassVar[ReaderEventKind]
    READER_EVENT_KIND_CARD_INSERTED: _ClassVar[ReaderEventKind]
    READER_EVENT_KIND_CARD_TAPPED: _ClassVar[ReaderEventKind]
    READER_EVENT_KIND_CARD_SWIPED: _ClassVar[ReaderEventKind]
    READER_EVENT_KIND_CARD_REMOVED: _ClassVar[ReaderEventKind]
    READER_EVENT_KIND_CARD_REMOVED_TOO_EARLY: _ClassVar[ReaderEventKind]
    READER_EVENT_KIND_PROMPT_PRESENT_CARD: _ClassVar[ReaderEventKind]
    READER_EVENT_KIND_PROMPT_INSERT_CARD: _ClassVar[ReaderEventKind]
    READER_EVENT_KIND_PROMPT_REMOVE_CARD: _ClassVar[ReaderEventKind]
    READER_EVENT_KIND_PIN_ENTRY_STARTED: _ClassVar[ReaderEventKind]

class CancelledBy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CANCELLED_BY_UNSPECIFIED: _ClassVar[CancelledBy]
    CANCELLED_BY_TERMINAL: _ClassVar[CancelledBy]
    CANCELLED_BY_CARDHOLDER: _ClassVar[CancelledBy]
    CANCELLED_BY_TIMEOUT: _ClassVar[CancelledBy]

class ShownOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SHOWN_OUTCOME_UNSPECIFIED: _ClassVar[ShownOutcome]
    SHOWN_OUTCOME_APPROVED: _ClassVar[ShownOutcome]
    SHOWN_OUTCOME_DECLINED: _ClassVar[ShownOutcome]
    SHOWN_OUTCOME_UNKNOWN: _ClassVar[ShownOutcome]
    SHOWN_OUTCOME_REVERSED: _ClassVar[ShownOutcome]
READER_EVENT_KIND_UNSPECIFIED: ReaderEventKind
READER_EVENT_KIND_CARD_INSERTED: ReaderEventKind
READER_EVENT_KIND_CARD_TAPPED: ReaderEventKind
READER_EVENT_KIND_CARD_SWIPED: ReaderEventKind
READER_EVENT_KIND_CARD_REMOVED: ReaderEventKind
READER_EVENT_KIND_CARD_REMOVED_TOO_EARLY: ReaderEventKind
READER_EVENT_KIND_PROMPT_PRESENT_CARD: ReaderEventKind
READER_EVENT_KIND_PROMPT_INSERT_CARD: ReaderEventKind
READER_EVENT_KIND_PROMPT_REMOVE_CARD: ReaderEventKind
READER_EVENT_KIND_PIN_ENTRY_STARTED: ReaderEventKind
CANCELLED_BY_UNSPECIFIED: CancelledBy
CANCELLED_BY_TERMINAL: CancelledBy
CANCELLED_BY_CARDHOLDER: CancelledBy
CANCELLED_BY_TIMEOUT: CancelledBy
SHOWN_OUTCOME_UNSPECIFIED: ShownOutcome
SHOWN_OUTCOME_APPROVED: ShownOutcome
SHOWN_OUTCOME_DECLINED: ShownOutcome
SHOWN_OUTCOME_UNKNOWN: ShownOutcome
SHOWN_OUTCOME_REVERSED: ShownOutcome

class SessionRequest(_message.Message):
    __slots__ = ("salt", "terminal_certificate")
    SALT_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    salt: bytes
    terminal_certificate: _keys_pb2.SignedEnvelope
    def __init__(self, salt: _Optional[bytes] = ..., terminal_certificate: _Optional[_Union[_keys_pb2.SignedEnvelope, _Mapping]] = ...) -> None: ...

class SessionResponse(_message.Message):
    __slots__ = ("salt",)
    SALT_FIELD_NUMBER: _ClassVar[int]
    salt: bytes
    def __init__(self, salt: _Optional[bytes] = ...) -> None: ...

class TerminalMessage(_message.Message):
    __slots__ = ("hello", "heartbeat", "drain", "close", "prepare_payment", "confirm", "cancel", "show_result", "show_unknown", "manifest", "resend_payment", "traceparent")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    DRAIN_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    PREPARE_PAYMENT_FIELD_NUMBER: _ClassVar[int]
    CONFIRM_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    SHOW_RESULT_FIELD_NUMBER: _ClassVar[int]
    SHOW_UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_FIELD_NUMBER: _ClassVar[int]
    RESEND_PAYMENT_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    hello: TerminalHello
    heartbeat: _stream_pb2.Heartbeat
    drain: _stream_pb2.Drain
    close: _stream_pb2.Close
    prepare_payment: PreparePayment
    confirm: Confirm
    cancel: Cancel
    show_result: ShowResult
    show_unknown: ShowUnknown
    manifest: _keys_pb2.DelegatedManifest
    resend_payment: ResendPayment
    traceparent: str
    def __init__(self, hello: _Optional[_Union[TerminalHello, _Mapping]] = ..., heartbeat: _Optional[_Union[_stream_pb2.Heartbeat, _Mapping]] = ..., drain: _Optional[_Union[_stream_pb2.Drain, _Mapping]] = ..., close: _Optional[_Union[_stream_pb2.Close, _Mapping]] = ..., prepare_payment: _Optional[_Union[PreparePayment, _Mapping]] = ..., confirm: _Optional[_Union[Confirm, _Mapping]] = ..., cancel: _Optional[_Union[Cancel, _Mapping]] = ..., show_result: _Optional[_Union[ShowResult, _Mapping]] = ..., show_unknown: _Optional[_Union[ShowUnknown, _Mapping]] = ..., manifest: _Optional[_Union[_keys_pb2.DelegatedManifest, _Mapping]] = ..., resend_payment: _Optional[_Union[ResendPayment, _Mapping]] = ..., traceparent: _Optional[str] = ...) -> None: ...

class ReaderMessage(_message.Message):
    __slots__ = ("hello", "heartbeat", "drain", "close", "prepared", "event", "card_read", "payment_ready", "fault", "cancelled", "result_shown", "traceparent", "fault_payment_id")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    DRAIN_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    PREPARED_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    CARD_READ_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_READY_FIELD_NUMBER: _ClassVar[int]
    FAULT_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    RESULT_SHOWN_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    FAULT_PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    hello: ReaderHello
    heartbeat: _stream_pb2.Heartbeat
    drain: _stream_pb2.Drain
    close: _stream_pb2.Close
    prepared: Prepared
    event: ReaderEvent
    card_read: CardRead
    payment_ready: PaymentReady
    fault: _payment_pb2.PaymentFault
    cancelled: Cancelled
    result_shown: ResultShown
    traceparent: str
    fault_payment_id: bytes
    def __init__(self, hello: _Optional[_Union[ReaderHello, _Mapping]] = ..., heartbeat: _Optional[_Union[_stream_pb2.Heartbeat, _Mapping]] = ..., drain: _Optional[_Union[_stream_pb2.Drain, _Mapping]] = ..., close: _Optional[_Union[_stream_pb2.Close, _Mapping]] = ..., prepared: _Optional[_Union[Prepared, _Mapping]] = ..., event: _Optional[_Union[ReaderEvent, _Mapping]] = ..., card_read: _Optional[_Union[CardRead, _Mapping]] = ..., payment_ready: _Optional[_Union[PaymentReady, _Mapping]] = ..., fault: _Optional[_Union[_payment_pb2.PaymentFault, _Mapping]] = ..., cancelled: _Optional[_Union[Cancelled, _Mapping]] = ..., result_shown: _Optional[_Union[ResultShown, _Mapping]] = ..., traceparent: _Optional[str] = ..., fault_payment_id: _Optional[bytes] = ...) -> None: ...

class ReaderHello(_message.Message):
    __slots__ = ("reader_certificate", "terminal_certificate_digest", "manifest_number", "firmware", "has_pin_pad", "time_ms")
    READER_CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_CERTIFICATE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_NUMBER_FIELD_NUMBER: _ClassVar[int]
    FIRMWARE_FIELD_NUMBER: _ClassVar[int]
    HAS_PIN_PAD_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    reader_certificate: _keys_pb2.SignedEnvelope
    terminal_certificate_digest: bytes
    manifest_number: int
    firmware: str
    has_pin_pad: bool
    time_ms: int
    def __init__(self, reader_certificate: _Optional[_Union[_keys_pb2.SignedEnvelope, _Mapping]] = ..., terminal_certificate_digest: _Optional[bytes] = ..., manifest_number: _Optional[int] = ..., firmware: _Optional[str] = ..., has_pin_pad: _Optional[bool] = ..., time_ms: _Optional[int] = ...) -> None: ...

class TerminalHello(_message.Message):
    __slots__ = ("reader_certificate_digest", "manifest")
    READER_CERTIFICATE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_FIELD_NUMBER: _ClassVar[int]
    reader_certificate_digest: bytes
    manifest: _keys_pb2.DelegatedManifest
    def __init__(self, reader_certificate_digest: _Optional[bytes] = ..., manifest: _Optional[_Union[_keys_pb2.DelegatedManifest, _Mapping]] = ...) -> None: ...

class PreparePayment(_message.Message):
    __slots__ = ("payment_id", "kind", "amounts", "currency", "accept_partial", "previous_payment_id")
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_PARTIAL_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    payment_id: bytes
    kind: _payment_pb2.PaymentKind
    amounts: _payment_pb2.Amounts
    currency: int
    accept_partial: bool
    previous_payment_id: bytes
    def __init__(self, payment_id: _Optional[bytes] = ..., kind: _Optional[_Union[_payment_pb2.PaymentKind, str]] = ..., amounts: _Optional[_Union[_payment_pb2.Amounts, _Mapping]] = ..., currency: _Optional[int] = ..., accept_partial: _Optional[bool] = ..., previous_payment_id: _Optional[bytes] = ...) -> None: ...

class Prepared(_message.Message):
    __slots__ = ("payment_id", "display_lines")
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_LINES_FIELD_NUMBER: _ClassVar[int]
    payment_id: bytes
    display_lines: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, payment_id: _Optional[bytes] = ..., display_lines: _Optional[_Iterable[str]] = ...) -> None: ...

class ReaderEvent(_message.Message):
    __slots__ = ("payment_id", "kind")
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    payment_id: bytes
    kind: ReaderEventKind
    def __init__(self, payment_id: _Optional[bytes] = ..., kind: _Optional[_Union[ReaderEventKind, str]] = ...) -> None: ...

class CardRead(_message.Message):
    __slots__ = ("payment_id", "masked_pan", "scheme", "entry_mode", "verification")
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    MASKED_PAN_FIELD_NUMBER: _ClassVar[int]
    SCHEME_FIELD_NUMBER: _ClassVar[int]
    ENTRY_MODE_FIELD_NUMBER: _ClassVar[int]
    VERIFICATION_FIELD_NUMBER: _ClassVar[int]
    payment_id: bytes
    masked_pan: str
    scheme: str
    entry_mode: _payment_pb2.EntryMode
    verification: _payment_pb2.Verification
    def __init__(self, payment_id: _Optional[bytes] = ..., masked_pan: _Optional[str] = ..., scheme: _Optional[str] = ..., entry_mode: _Optional[_Union[_payment_pb2.EntryMode, str]] = ..., verification: _Optional[_Union[_payment_pb2.Verification, str]] = ...) -> None: ...

class Confirm(_message.Message):
    __slots__ = ("payment_id", "pin", "pin_on_reader")
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PIN_FIELD_NUMBER: _ClassVar[int]
    PIN_ON_READER_FIELD_NUMBER: _ClassVar[int]
    payment_id: bytes
    pin: str
    pin_on_reader: bool
    def __init__(self, payment_id: _Optional[bytes] = ..., pin: _Optional[str] = ..., pin_on_reader: _Optional[bool] = ...) -> None: ...

class Cancel(_message.Message):
    __slots__ = ("payment_id",)
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    payment_id: bytes
    def __init__(self, payment_id: _Optional[bytes] = ...) -> None: ...

class PaymentReady(_message.Message):
    __slots__ = ("payment",)
    PAYMENT_FIELD_NUMBER: _ClassVar[int]
    payment: _payment_pb2.SignedPayment
    def __init__(self, payment: _Optional[_Union[_payment_pb2.SignedPayment, _Mapping]] = ...) -> None: ...

class ResendPayment(_message.Message):
    __slots__ = ("payment_id",)
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    payment_id: bytes
    def __init__(self, payment_id: _Optional[bytes] = ...) -> None: ...

class Cancelled(_message.Message):
    __slots__ = ("payment_id", "cancelled_by")
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_BY_FIELD_NUMBER: _ClassVar[int]
    payment_id: bytes
    cancelled_by: CancelledBy
    def __init__(self, payment_id: _Optional[bytes] = ..., cancelled_by: _Optional[_Union[CancelledBy, str]] = ...) -> None: ...

class ShowResult(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _payment_pb2.SignedResult
    def __init__(self, result: _Optional[_Union[_payment_pb2.SignedResult, _Mapping]] = ...) -> None: ...

class ShowUnknown(_message.Message):
    __slots__ = ("payment_id",)
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    payment_id: bytes
    def __init__(self, payment_id: _Optional[bytes] = ...) -> None: ...

class ResultShown(_message.Message):
    __slots__ = ("payment_id", "shown", "display_lines", "completion")
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SHOWN_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_LINES_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_FIELD_NUMBER: _ClassVar[int]
    payment_id: bytes
    shown: ShownOutcome
    display_lines: _containers.RepeatedScalarFieldContainer[str]
    completion: _payment_pb2.SignedCompletion
    def __init__(self, payment_id: _Optional[bytes] = ..., shown: _Optional[_Union[ShownOutcome, str]] = ..., display_lines: _Optional[_Iterable[str]] = ..., completion: _Optional[_Union[_payment_pb2.SignedCompletion, _Mapping]] = ...) -> None: ...

class PresentCardRequest(_message.Message):
    __slots__ = ("card", "entry_mode")
    CARD_FIELD_NUMBER: _ClassVar[int]
    ENTRY_MODE_FIELD_NUMBER: _ClassVar[int]
    card: str
    entry_mode: _payment_pb2.EntryMode
    def __init__(self, card: _Optional[str] = ..., entry_mode: _Optional[_Union[_payment_pb2.EntryMode, str]] = ...) -> None: ...

class PresentCardResponse(_message.Message):
    __slots__ = ("masked_pan",)
    MASKED_PAN_FIELD_NUMBER: _ClassVar[int]
    masked_pan: str
    def __init__(self, masked_pan: _Optional[str] = ...) -> None: ...

class RemoveCardRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RemoveCardResponse(_message.Message):
    __slots__ = ("removed",)
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    removed: bool
    def __init__(self, removed: _Optional[bool] = ...) -> None: ...

class TypePinRequest(_message.Message):
    __slots__ = ("pin",)
    PIN_FIELD_NUMBER: _ClassVar[int]
    pin: str
    def __init__(self, pin: _Optional[str] = ...) -> None: ...

class TypePinResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PressCancelRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PressCancelResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListCardsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListCardsResponse(_message.Message):
    __slots__ = ("cards",)
    CARDS_FIELD_NUMBER: _ClassVar[int]
    cards: _containers.RepeatedCompositeFieldContainer[TestCard]
    def __init__(self, cards: _Optional[_Iterable[_Union[TestCard, _Mapping]]] = ...) -> None: ...

class TestCard(_message.Message):
    __slots__ = ("name", "number", "scheme", "provokes", "pin", "expiration_date")
    NAME_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    SCHEME_FIELD_NUMBER: _ClassVar[int]
    PROVOKES_FIELD_NUMBER: _ClassVar[int]
    PIN_FIELD_NUMBER: _ClassVar[int]
    EXPIRATION_DATE_FIELD_NUMBER: _ClassVar[int]
    name: str
    number: str
    scheme: str
    provokes: str
    pin: str
    expiration_date: str
    def __init__(self, name: _Optional[str] = ..., number: _Optional[str] = ..., scheme: _Optional[str] = ..., provokes: _Optional[str] = ..., pin: _Optional[str] = ..., expiration_date: _Optional[str] = ...) -> None: ...

class GetDisplayRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetDisplayResponse(_message.Message):
    __slots__ = ("display_lines", "serial", "shown")
    DISPLAY_LINES_FIELD_NUMBER: _ClassVar[int]
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    SHOWN_FIELD_NUMBER: _ClassVar[int]
    display_lines: _containers.RepeatedScalarFieldContainer[str]
    serial: str
    shown: ShownOutcome
    def __init__(self, display_lines: _Optional[_Iterable[str]] = ..., serial: _Optional[str] = ..., shown: _Optional[_Union[ShownOutcome, str]] = ...) -> None: ...
