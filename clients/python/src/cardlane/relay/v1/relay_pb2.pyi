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

class DeviceState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEVICE_STATE_UNSPECIFIED: _ClassVar[DeviceState]
    DEVICE_STATE_ACTIVE: _ClassVar[DeviceState]
    DEVICE_STATE_SUSPENDED: _ClassVar[DeviceState]
    DEVICE_STATE_RETIRED: _ClassVar[DeviceState]
DEVICE_STATE_UNSPECIFIED: DeviceState
DEVICE_STATE_ACTIVE: DeviceState
DEVICE_STATE_SUSPENDED: DeviceState
DEVICE_STATE_RETIRED: DeviceState

class TransactRequest(_message.Message):
    __slots__ = ("hello", "heartbeat", "drain", "close", "submit", "completion")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    DRAIN_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    SUBMIT_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_FIELD_NUMBER: _ClassVar[int]
    hello: _stream_pb2.Hello
    heartbeat: _stream_pb2.Heartbeat
    drain: _stream_pb2.Drain
    close: _stream_pb2.Close
    submit: Submit
    completion: SubmitCompletion
    def __init__(self, hello: _Optional[_Union[_stream_pb2.Hello, _Mapping]] = ..., heartbeat: _Optional[_Union[_stream_pb2.Heartbeat, _Mapping]] = ..., drain: _Optional[_Union[_stream_pb2.Drain, _Mapping]] = ..., close: _Optional[_Union[_stream_pb2.Close, _Mapping]] = ..., submit: _Optional[_Union[Submit, _Mapping]] = ..., completion: _Optional[_Union[SubmitCompletion, _Mapping]] = ...) -> None: ...

class TransactResponse(_message.Message):
    __slots__ = ("hello", "heartbeat", "drain", "close", "recorded", "completed", "refused")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    DRAIN_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    hello: _stream_pb2.Hello
    heartbeat: _stream_pb2.Heartbeat
    drain: _stream_pb2.Drain
    close: _stream_pb2.Close
    recorded: Recorded
    completed: Completed
    refused: Refused
    def __init__(self, hello: _Optional[_Union[_stream_pb2.Hello, _Mapping]] = ..., heartbeat: _Optional[_Union[_stream_pb2.Heartbeat, _Mapping]] = ..., drain: _Optional[_Union[_stream_pb2.Drain, _Mapping]] = ..., close: _Optional[_Union[_stream_pb2.Close, _Mapping]] = ..., recorded: _Optional[_Union[Recorded, _Mapping]] = ..., completed: _Optional[_Union[Completed, _Mapping]] = ..., refused: _Optional[_Union[Refused, _Mapping]] = ...) -> None: ...

class Submit(_message.Message):
    __slots__ = ("payment", "reader_certificate", "traceparent")
    PAYMENT_FIELD_NUMBER: _ClassVar[int]
    READER_CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    payment: _payment_pb2.SignedPayment
    reader_certificate: _keys_pb2.SignedEnvelope
    traceparent: str
    def __init__(self, payment: _Optional[_Union[_payment_pb2.SignedPayment, _Mapping]] = ..., reader_certificate: _Optional[_Union[_keys_pb2.SignedEnvelope, _Mapping]] = ..., traceparent: _Optional[str] = ...) -> None: ...

class SubmitCompletion(_message.Message):
    __slots__ = ("completion", "traceparent")
    COMPLETION_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    completion: _payment_pb2.SignedCompletion
    traceparent: str
    def __init__(self, completion: _Optional[_Union[_payment_pb2.SignedCompletion, _Mapping]] = ..., traceparent: _Optional[str] = ...) -> None: ...

class Recorded(_message.Message):
    __slots__ = ("payment_id", "record_number", "was_recorded")
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    WAS_RECORDED_FIELD_NUMBER: _ClassVar[int]
    payment_id: bytes
    record_number: str
    was_recorded: bool
    def __init__(self, payment_id: _Optional[bytes] = ..., record_number: _Optional[str] = ..., was_recorded: _Optional[bool] = ...) -> None: ...

class Completed(_message.Message):
    __slots__ = ("payment_id", "record_number", "state", "certainty", "next_step", "result", "fault")
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CERTAINTY_FIELD_NUMBER: _ClassVar[int]
    NEXT_STEP_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    FAULT_FIELD_NUMBER: _ClassVar[int]
    payment_id: bytes
    record_number: str
    state: _payment_pb2.PaymentState
    certainty: _payment_pb2.Certainty
    next_step: _payment_pb2.NextStep
    result: _payment_pb2.SignedResult
    fault: _payment_pb2.PaymentFault
    def __init__(self, payment_id: _Optional[bytes] = ..., record_number: _Optional[str] = ..., state: _Optional[_Union[_payment_pb2.PaymentState, str]] = ..., certainty: _Optional[_Union[_payment_pb2.Certainty, str]] = ..., next_step: _Optional[_Union[_payment_pb2.NextStep, str]] = ..., result: _Optional[_Union[_payment_pb2.SignedResult, _Mapping]] = ..., fault: _Optional[_Union[_payment_pb2.PaymentFault, _Mapping]] = ...) -> None: ...

class Refused(_message.Message):
    __slots__ = ("payment_id", "fault")
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    FAULT_FIELD_NUMBER: _ClassVar[int]
    payment_id: bytes
    fault: _payment_pb2.PaymentFault
    def __init__(self, payment_id: _Optional[bytes] = ..., fault: _Optional[_Union[_payment_pb2.PaymentFault, _Mapping]] = ...) -> None: ...

class GetPaymentRequest(_message.Message):
    __slots__ = ("record_number", "payment_id", "merchant_id")
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    record_number: str
    payment_id: str
    merchant_id: str
    def __init__(self, record_number: _Optional[str] = ..., payment_id: _Optional[str] = ..., merchant_id: _Optional[str] = ...) -> None: ...

class GetPaymentResponse(_message.Message):
    __slots__ = ("payment",)
    PAYMENT_FIELD_NUMBER: _ClassVar[int]
    payment: PaymentRecord
    def __init__(self, payment: _Optional[_Union[PaymentRecord, _Mapping]] = ...) -> None: ...

class ListPaymentsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "merchant_id", "state", "certainty")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CERTAINTY_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    merchant_id: str
    state: _payment_pb2.PaymentState
    certainty: _payment_pb2.Certainty
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., merchant_id: _Optional[str] = ..., state: _Optional[_Union[_payment_pb2.PaymentState, str]] = ..., certainty: _Optional[_Union[_payment_pb2.Certainty, str]] = ...) -> None: ...

class ListPaymentsResponse(_message.Message):
    __slots__ = ("payments", "next_page_token", "position")
    PAYMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    payments: _containers.RepeatedCompositeFieldContainer[PaymentRecord]
    next_page_token: str
    position: int
    def __init__(self, payments: _Optional[_Iterable[_Union[PaymentRecord, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., position: _Optional[int] = ...) -> None: ...

class WatchPaymentsRequest(_message.Message):
    __slots__ = ("after_sequence", "from_now", "merchant_id")
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    FROM_NOW_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    after_sequence: int
    from_now: bool
    merchant_id: str
    def __init__(self, after_sequence: _Optional[int] = ..., from_now: _Optional[bool] = ..., merchant_id: _Optional[str] = ...) -> None: ...

class WatchPaymentsResponse(_message.Message):
    __slots__ = ("sequence", "payment", "state", "changed_at_ms", "position", "held_back_ms", "log_reset")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CHANGED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    HELD_BACK_MS_FIELD_NUMBER: _ClassVar[int]
    LOG_RESET_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    payment: PaymentRecord
    state: _payment_pb2.PaymentState
    changed_at_ms: int
    position: int
    held_back_ms: int
    log_reset: LogReset
    def __init__(self, sequence: _Optional[int] = ..., payment: _Optional[_Union[PaymentRecord, _Mapping]] = ..., state: _Optional[_Union[_payment_pb2.PaymentState, str]] = ..., changed_at_ms: _Optional[int] = ..., position: _Optional[int] = ..., held_back_ms: _Optional[int] = ..., log_reset: _Optional[_Union[LogReset, _Mapping]] = ...) -> None: ...

class LogReset(_message.Message):
    __slots__ = ("lost_after",)
    LOST_AFTER_FIELD_NUMBER: _ClassVar[int]
    lost_after: int
    def __init__(self, lost_after: _Optional[int] = ...) -> None: ...

class SubmitInstructionRequest(_message.Message):
    __slots__ = ("instruction", "traceparent")
    INSTRUCTION_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    instruction: _payment_pb2.SignedInstruction
    traceparent: str
    def __init__(self, instruction: _Optional[_Union[_payment_pb2.SignedInstruction, _Mapping]] = ..., traceparent: _Optional[str] = ...) -> None: ...

class SubmitInstructionResponse(_message.Message):
    __slots__ = ("completed",)
    COMPLETED_FIELD_NUMBER: _ClassVar[int]
    completed: Completed
    def __init__(self, completed: _Optional[_Union[Completed, _Mapping]] = ...) -> None: ...

class CancelPaymentRequest(_message.Message):
    __slots__ = ("payment_id", "merchant_id", "terminal_certificate", "payment")
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_FIELD_NUMBER: _ClassVar[int]
    payment_id: str
    merchant_id: str
    terminal_certificate: _keys_pb2.SignedEnvelope
    payment: _payment_pb2.SignedPayment
    def __init__(self, payment_id: _Optional[str] = ..., merchant_id: _Optional[str] = ..., terminal_certificate: _Optional[_Union[_keys_pb2.SignedEnvelope, _Mapping]] = ..., payment: _Optional[_Union[_payment_pb2.SignedPayment, _Mapping]] = ...) -> None: ...

class CancelPaymentResponse(_message.Message):
    __slots__ = ("completed",)
    COMPLETED_FIELD_NUMBER: _ClassVar[int]
    completed: Completed
    def __init__(self, completed: _Optional[_Union[Completed, _Mapping]] = ...) -> None: ...

class PaymentRecord(_message.Message):
    __slots__ = ("record_number", "payment_id", "state", "certainty", "next_step", "kind", "amounts", "currency", "merchant_id", "terminal_id", "reader_serial", "entry_mode", "trace_number", "retrieval_reference", "approval_code", "response_code", "approved_amount_minor", "last_four", "scheme", "recorded_at_ms", "completed_at_ms", "trace_id", "result", "original_payment_id", "history", "fault")
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CERTAINTY_FIELD_NUMBER: _ClassVar[int]
    NEXT_STEP_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_ID_FIELD_NUMBER: _ClassVar[int]
    READER_SERIAL_FIELD_NUMBER: _ClassVar[int]
    ENTRY_MODE_FIELD_NUMBER: _ClassVar[int]
    TRACE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    RETRIEVAL_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_CODE_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_CODE_FIELD_NUMBER: _ClassVar[int]
    APPROVED_AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    LAST_FOUR_FIELD_NUMBER: _ClassVar[int]
    SCHEME_FIELD_NUMBER: _ClassVar[int]
    RECORDED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    FAULT_FIELD_NUMBER: _ClassVar[int]
    record_number: str
    payment_id: str
    state: _payment_pb2.PaymentState
    certainty: _payment_pb2.Certainty
    next_step: _payment_pb2.NextStep
    kind: _payment_pb2.PaymentKind
    amounts: _payment_pb2.Amounts
    currency: int
    merchant_id: str
    terminal_id: str
    reader_serial: str
    entry_mode: _payment_pb2.EntryMode
    trace_number: int
    retrieval_reference: str
    approval_code: str
    response_code: str
    approved_amount_minor: int
    last_four: str
    scheme: str
    recorded_at_ms: int
    completed_at_ms: int
    trace_id: str
    result: _payment_pb2.SignedResult
    original_payment_id: str
    history: _containers.RepeatedCompositeFieldContainer[RecordEvent]
    fault: _payment_pb2.PaymentFault
    def __init__(self, record_number: _Optional[str] = ..., payment_id: _Optional[str] = ..., state: _Optional[_Union[_payment_pb2.PaymentState, str]] = ..., certainty: _Optional[_Union[_payment_pb2.Certainty, str]] = ..., next_step: _Optional[_Union[_payment_pb2.NextStep, str]] = ..., kind: _Optional[_Union[_payment_pb2.PaymentKind, str]] = ..., amounts: _Optional[_Union[_payment_pb2.Amounts, _Mapping]] = ..., currency: _Optional[int] = ..., merchant_id: _Optional[str] = ..., terminal_id: _Optional[str] = ..., reader_serial: _Optional[str] = ..., entry_mode: _Optional[_Union[_payment_pb2.EntryMode, str]] = ..., trace_number: _Optional[int] = ..., retrieval_reference: _Optional[str] = ..., approval_code: _Optional[str] = ..., response_code: _Optional[str] = ..., approved_amount_minor: _Optional[int] = ..., last_four: _Optional[str] = ..., scheme: _Optional[str] = ..., recorded_at_ms: _Optional[int] = ..., completed_at_ms: _Optional[int] = ..., trace_id: _Optional[str] = ..., result: _Optional[_Union[_payment_pb2.SignedResult, _Mapping]] = ..., original_payment_id: _Optional[str] = ..., history: _Optional[_Iterable[_Union[RecordEvent, _Mapping]]] = ..., fault: _Optional[_Union[_payment_pb2.PaymentFault, _Mapping]] = ...) -> None: ...

class RecordEvent(_message.Message):
    __slots__ = ("sequence", "state", "at_ms")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    AT_MS_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    state: _payment_pb2.PaymentState
    at_ms: int
    def __init__(self, sequence: _Optional[int] = ..., state: _Optional[_Union[_payment_pb2.PaymentState, str]] = ..., at_ms: _Optional[int] = ...) -> None: ...

class ReaderRegistration(_message.Message):
    __slots__ = ("certificate", "merchant_id", "state")
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    certificate: _keys_pb2.SignedEnvelope
    merchant_id: str
    state: DeviceState
    def __init__(self, certificate: _Optional[_Union[_keys_pb2.SignedEnvelope, _Mapping]] = ..., merchant_id: _Optional[str] = ..., state: _Optional[_Union[DeviceState, str]] = ...) -> None: ...

class TerminalRegistration(_message.Message):
    __slots__ = ("certificate", "state", "currencies", "contact")
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CURRENCIES_FIELD_NUMBER: _ClassVar[int]
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    certificate: _keys_pb2.SignedEnvelope
    state: DeviceState
    currencies: _containers.RepeatedScalarFieldContainer[int]
    contact: TerminalContact
    def __init__(self, certificate: _Optional[_Union[_keys_pb2.SignedEnvelope, _Mapping]] = ..., state: _Optional[_Union[DeviceState, str]] = ..., currencies: _Optional[_Iterable[int]] = ..., contact: _Optional[_Union[TerminalContact, _Mapping]] = ...) -> None: ...

class TerminalContact(_message.Message):
    __slots__ = ("phone", "email", "language", "time_zone")
    PHONE_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    phone: str
    email: str
    language: str
    time_zone: str
    def __init__(self, phone: _Optional[str] = ..., email: _Optional[str] = ..., language: _Optional[str] = ..., time_zone: _Optional[str] = ...) -> None: ...

class SetTerminalContactRequest(_message.Message):
    __slots__ = ("terminal_id", "contact", "merchant_id")
    TERMINAL_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    terminal_id: str
    contact: TerminalContact
    merchant_id: str
    def __init__(self, terminal_id: _Optional[str] = ..., contact: _Optional[_Union[TerminalContact, _Mapping]] = ..., merchant_id: _Optional[str] = ...) -> None: ...

class SetTerminalContactResponse(_message.Message):
    __slots__ = ("contact",)
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    contact: TerminalContact
    def __init__(self, contact: _Optional[_Union[TerminalContact, _Mapping]] = ...) -> None: ...

class RegisterReadersRequest(_message.Message):
    __slots__ = ("readers", "validate_only")
    READERS_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    readers: _containers.RepeatedCompositeFieldContainer[ReaderRegistration]
    validate_only: bool
    def __init__(self, readers: _Optional[_Iterable[_Union[ReaderRegistration, _Mapping]]] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class RegisterReadersResponse(_message.Message):
    __slots__ = ("registered", "states")
    REGISTERED_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    registered: int
    states: _containers.RepeatedScalarFieldContainer[DeviceState]
    def __init__(self, registered: _Optional[int] = ..., states: _Optional[_Iterable[_Union[DeviceState, str]]] = ...) -> None: ...

class RegisterTerminalsRequest(_message.Message):
    __slots__ = ("terminals", "validate_only")
    TERMINALS_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    terminals: _containers.RepeatedCompositeFieldContainer[TerminalRegistration]
    validate_only: bool
    def __init__(self, terminals: _Optional[_Iterable[_Union[TerminalRegistration, _Mapping]]] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class RegisterTerminalsResponse(_message.Message):
    __slots__ = ("registered", "states")
    REGISTERED_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    registered: int
    states: _containers.RepeatedScalarFieldContainer[DeviceState]
    def __init__(self, registered: _Optional[int] = ..., states: _Optional[_Iterable[_Union[DeviceState, str]]] = ...) -> None: ...

class SetReaderStateRequest(_message.Message):
    __slots__ = ("serial", "state")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    serial: str
    state: DeviceState
    def __init__(self, serial: _Optional[str] = ..., state: _Optional[_Union[DeviceState, str]] = ...) -> None: ...

class SetReaderStateResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SetTerminalStateRequest(_message.Message):
    __slots__ = ("merchant_id", "terminal_id", "state")
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    merchant_id: str
    terminal_id: str
    state: DeviceState
    def __init__(self, merchant_id: _Optional[str] = ..., terminal_id: _Optional[str] = ..., state: _Optional[_Union[DeviceState, str]] = ...) -> None: ...

class SetTerminalStateResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListReadersRequest(_message.Message):
    __slots__ = ("page_token",)
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_token: str
    def __init__(self, page_token: _Optional[str] = ...) -> None: ...

class ListReadersResponse(_message.Message):
    __slots__ = ("readers", "next_page_token")
    READERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    readers: _containers.RepeatedCompositeFieldContainer[RegisteredReader]
    next_page_token: str
    def __init__(self, readers: _Optional[_Iterable[_Union[RegisteredReader, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RegisteredReader(_message.Message):
    __slots__ = ("serial", "model", "merchant_id", "state", "last_payment_at_ms", "certificate_id", "not_after_ms")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LAST_PAYMENT_AT_MS_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_ID_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    serial: str
    model: str
    merchant_id: str
    state: DeviceState
    last_payment_at_ms: int
    certificate_id: bytes
    not_after_ms: int
    def __init__(self, serial: _Optional[str] = ..., model: _Optional[str] = ..., merchant_id: _Optional[str] = ..., state: _Optional[_Union[DeviceState, str]] = ..., last_payment_at_ms: _Optional[int] = ..., certificate_id: _Optional[bytes] = ..., not_after_ms: _Optional[int] = ...) -> None: ...

class ListTerminalsRequest(_message.Message):
    __slots__ = ("page_token",)
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_token: str
    def __init__(self, page_token: _Optional[str] = ...) -> None: ...

class ListTerminalsResponse(_message.Message):
    __slots__ = ("terminals", "next_page_token")
    TERMINALS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    terminals: _containers.RepeatedCompositeFieldContainer[RegisteredTerminal]
    next_page_token: str
    def __init__(self, terminals: _Optional[_Iterable[_Union[RegisteredTerminal, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RegisteredTerminal(_message.Message):
    __slots__ = ("terminal_id", "merchant_id", "merchant_name", "state", "currencies", "certificate_id", "not_after_ms", "contact")
    TERMINAL_ID_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CURRENCIES_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_ID_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    terminal_id: str
    merchant_id: str
    merchant_name: str
    state: DeviceState
    currencies: _containers.RepeatedScalarFieldContainer[int]
    certificate_id: bytes
    not_after_ms: int
    contact: TerminalContact
    def __init__(self, terminal_id: _Optional[str] = ..., merchant_id: _Optional[str] = ..., merchant_name: _Optional[str] = ..., state: _Optional[_Union[DeviceState, str]] = ..., currencies: _Optional[_Iterable[int]] = ..., certificate_id: _Optional[bytes] = ..., not_after_ms: _Optional[int] = ..., contact: _Optional[_Union[TerminalContact, _Mapping]] = ...) -> None: ...

class GetManifestRequest(_message.Message):
    __slots__ = ("have_number",)
    HAVE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    have_number: int
    def __init__(self, have_number: _Optional[int] = ...) -> None: ...

class GetManifestResponse(_message.Message):
    __slots__ = ("manifest",)
    MANIFEST_FIELD_NUMBER: _ClassVar[int]
    manifest: _keys_pb2.DelegatedManifest
    def __init__(self, manifest: _Optional[_Union[_keys_pb2.DelegatedManifest, _Mapping]] = ...) -> None: ...

class StreamRecordsRequest(_message.Message):
    __slots__ = ("merchant_id", "from_ms", "before_ms")
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_MS_FIELD_NUMBER: _ClassVar[int]
    BEFORE_MS_FIELD_NUMBER: _ClassVar[int]
    merchant_id: str
    from_ms: int
    before_ms: int
    def __init__(self, merchant_id: _Optional[str] = ..., from_ms: _Optional[int] = ..., before_ms: _Optional[int] = ...) -> None: ...

class StreamRecordsResponse(_message.Message):
    __slots__ = ("records",)
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    records: _containers.RepeatedCompositeFieldContainer[ComparedRecord]
    def __init__(self, records: _Optional[_Iterable[_Union[ComparedRecord, _Mapping]]] = ...) -> None: ...

class ComparedRecord(_message.Message):
    __slots__ = ("record_number", "merchant_id", "payment_id", "state", "total_minor", "approved_amount_minor", "currency", "revision", "result", "completed_at_ms", "certainty")
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_MINOR_FIELD_NUMBER: _ClassVar[int]
    APPROVED_AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    CERTAINTY_FIELD_NUMBER: _ClassVar[int]
    record_number: str
    merchant_id: str
    payment_id: str
    state: _payment_pb2.PaymentState
    total_minor: int
    approved_amount_minor: int
    currency: int
    revision: int
    result: _payment_pb2.SignedResult
    completed_at_ms: int
    certainty: _payment_pb2.Certainty
    def __init__(self, record_number: _Optional[str] = ..., merchant_id: _Optional[str] = ..., payment_id: _Optional[str] = ..., state: _Optional[_Union[_payment_pb2.PaymentState, str]] = ..., total_minor: _Optional[int] = ..., approved_amount_minor: _Optional[int] = ..., currency: _Optional[int] = ..., revision: _Optional[int] = ..., result: _Optional[_Union[_payment_pb2.SignedResult, _Mapping]] = ..., completed_at_ms: _Optional[int] = ..., certainty: _Optional[_Union[_payment_pb2.Certainty, str]] = ...) -> None: ...

class ListReversalsRequest(_message.Message):
    __slots__ = ("limit",)
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    limit: int
    def __init__(self, limit: _Optional[int] = ...) -> None: ...

class ListReversalsResponse(_message.Message):
    __slots__ = ("reversals", "total")
    REVERSALS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    reversals: _containers.RepeatedCompositeFieldContainer[OpenReversal]
    total: int
    def __init__(self, reversals: _Optional[_Iterable[_Union[OpenReversal, _Mapping]]] = ..., total: _Optional[int] = ...) -> None: ...

class OpenReversal(_message.Message):
    __slots__ = ("record_number", "payment_id", "merchant_id", "terminal_id", "total_minor", "currency", "ordered_at_ms", "attempts", "next_attempt_at_ms", "lease_owner")
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_ID_FIELD_NUMBER: _ClassVar[int]
    TOTAL_MINOR_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    ORDERED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_ATTEMPT_AT_MS_FIELD_NUMBER: _ClassVar[int]
    LEASE_OWNER_FIELD_NUMBER: _ClassVar[int]
    record_number: str
    payment_id: str
    merchant_id: str
    terminal_id: str
    total_minor: int
    currency: int
    ordered_at_ms: int
    attempts: int
    next_attempt_at_ms: int
    lease_owner: str
    def __init__(self, record_number: _Optional[str] = ..., payment_id: _Optional[str] = ..., merchant_id: _Optional[str] = ..., terminal_id: _Optional[str] = ..., total_minor: _Optional[int] = ..., currency: _Optional[int] = ..., ordered_at_ms: _Optional[int] = ..., attempts: _Optional[int] = ..., next_attempt_at_ms: _Optional[int] = ..., lease_owner: _Optional[str] = ...) -> None: ...
