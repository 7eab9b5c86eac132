from cardlane.keys.v1 import keys_pb2 as _keys_pb2
from cardlane.payment.v1 import payment_pb2 as _payment_pb2
from cardlane.reader.v1 import reader_pb2 as _reader_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PayRequest(_message.Message):
    __slots__ = ("start", "confirm", "cancel")
    START_FIELD_NUMBER: _ClassVar[int]
    CONFIRM_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    start: StartPayment
    confirm: ConfirmPayment
    cancel: CancelPayment
    def __init__(self, start: _Optional[_Union[StartPayment, _Mapping]] = ..., confirm: _Optional[_Union[ConfirmPayment, _Mapping]] = ..., cancel: _Optional[_Union[CancelPayment, _Mapping]] = ...) -> None: ...

class StartPayment(_message.Message):
    __slots__ = ("payment_id", "kind", "amounts", "currency", "accept_partial", "previous_payment_id", "traceparent")
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_PARTIAL_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    payment_id: str
    kind: _payment_pb2.PaymentKind
    amounts: _payment_pb2.Amounts
    currency: int
    accept_partial: bool
    previous_payment_id: str
    traceparent: str
    def __init__(self, payment_id: _Optional[str] = ..., kind: _Optional[_Union[_payment_pb2.PaymentKind, str]] = ..., amounts: _Optional[_Union[_payment_pb2.Amounts, _Mapping]] = ..., currency: _Optional[int] = ..., accept_partial: _Optional[bool] = ..., previous_payment_id: _Optional[str] = ..., traceparent: _Optional[str] = ...) -> None: ...

class ConfirmPayment(_message.Message):
    __slots__ = ("pin", "pin_on_reader")
    PIN_FIELD_NUMBER: _ClassVar[int]
    PIN_ON_READER_FIELD_NUMBER: _ClassVar[int]
    pin: str
    pin_on_reader: bool
    def __init__(self, pin: _Optional[str] = ..., pin_on_reader: _Optional[bool] = ...) -> None: ...

class CancelPayment(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PayResponse(_message.Message):
    __slots__ = ("started", "prepared", "reader_event", "confirmation_needed", "submitted", "recorded", "finished", "sign_of_life")
    STARTED_FIELD_NUMBER: _ClassVar[int]
    PREPARED_FIELD_NUMBER: _ClassVar[int]
    READER_EVENT_FIELD_NUMBER: _ClassVar[int]
    CONFIRMATION_NEEDED_FIELD_NUMBER: _ClassVar[int]
    SUBMITTED_FIELD_NUMBER: _ClassVar[int]
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    SIGN_OF_LIFE_FIELD_NUMBER: _ClassVar[int]
    started: PaymentStarted
    prepared: _reader_pb2.Prepared
    reader_event: _reader_pb2.ReaderEvent
    confirmation_needed: _reader_pb2.CardRead
    submitted: PaymentSubmitted
    recorded: PaymentRecorded
    finished: PaymentReport
    sign_of_life: SignOfLife
    def __init__(self, started: _Optional[_Union[PaymentStarted, _Mapping]] = ..., prepared: _Optional[_Union[_reader_pb2.Prepared, _Mapping]] = ..., reader_event: _Optional[_Union[_reader_pb2.ReaderEvent, _Mapping]] = ..., confirmation_needed: _Optional[_Union[_reader_pb2.CardRead, _Mapping]] = ..., submitted: _Optional[_Union[PaymentSubmitted, _Mapping]] = ..., recorded: _Optional[_Union[PaymentRecorded, _Mapping]] = ..., finished: _Optional[_Union[PaymentReport, _Mapping]] = ..., sign_of_life: _Optional[_Union[SignOfLife, _Mapping]] = ...) -> None: ...

class SignOfLife(_message.Message):
    __slots__ = ("interval_ms",)
    INTERVAL_MS_FIELD_NUMBER: _ClassVar[int]
    interval_ms: int
    def __init__(self, interval_ms: _Optional[int] = ...) -> None: ...

class PaymentStarted(_message.Message):
    __slots__ = ("payment_id", "reader_serial", "resumed")
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    READER_SERIAL_FIELD_NUMBER: _ClassVar[int]
    RESUMED_FIELD_NUMBER: _ClassVar[int]
    payment_id: str
    reader_serial: str
    resumed: bool
    def __init__(self, payment_id: _Optional[str] = ..., reader_serial: _Optional[str] = ..., resumed: _Optional[bool] = ...) -> None: ...

class PaymentSubmitted(_message.Message):
    __slots__ = ("payment_id",)
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    payment_id: str
    def __init__(self, payment_id: _Optional[str] = ...) -> None: ...

class PaymentRecorded(_message.Message):
    __slots__ = ("record_number",)
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    record_number: str
    def __init__(self, record_number: _Optional[str] = ...) -> None: ...

class PaymentReport(_message.Message):
    __slots__ = ("payment_id", "record_number", "certainty", "next_step", "state", "result", "signed_result", "shown", "fault", "receipt", "trace_id")
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    CERTAINTY_FIELD_NUMBER: _ClassVar[int]
    NEXT_STEP_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    SIGNED_RESULT_FIELD_NUMBER: _ClassVar[int]
    SHOWN_FIELD_NUMBER: _ClassVar[int]
    FAULT_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    payment_id: str
    record_number: str
    certainty: _payment_pb2.Certainty
    next_step: _payment_pb2.NextStep
    state: _payment_pb2.PaymentState
    result: _payment_pb2.Result
    signed_result: _payment_pb2.SignedResult
    shown: _reader_pb2.ShownOutcome
    fault: _payment_pb2.PaymentFault
    receipt: Receipt
    trace_id: str
    def __init__(self, payment_id: _Optional[str] = ..., record_number: _Optional[str] = ..., certainty: _Optional[_Union[_payment_pb2.Certainty, str]] = ..., next_step: _Optional[_Union[_payment_pb2.NextStep, str]] = ..., state: _Optional[_Union[_payment_pb2.PaymentState, str]] = ..., result: _Optional[_Union[_payment_pb2.Result, _Mapping]] = ..., signed_result: _Optional[_Union[_payment_pb2.SignedResult, _Mapping]] = ..., shown: _Optional[_Union[_reader_pb2.ShownOutcome, str]] = ..., fault: _Optional[_Union[_payment_pb2.PaymentFault, _Mapping]] = ..., receipt: _Optional[_Union[Receipt, _Mapping]] = ..., trace_id: _Optional[str] = ...) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("merchant_name", "merchant_id", "terminal_id", "kind", "amount_minor", "currency", "masked_pan", "scheme", "entry_mode", "verification", "record_number", "approval_code", "response_code", "retrieval_reference", "time_ms", "outcome", "amounts")
    MERCHANT_NAME_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    MASKED_PAN_FIELD_NUMBER: _ClassVar[int]
    SCHEME_FIELD_NUMBER: _ClassVar[int]
    ENTRY_MODE_FIELD_NUMBER: _ClassVar[int]
    VERIFICATION_FIELD_NUMBER: _ClassVar[int]
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_CODE_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_CODE_FIELD_NUMBER: _ClassVar[int]
    RETRIEVAL_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    merchant_name: str
    merchant_id: str
    terminal_id: str
    kind: _payment_pb2.PaymentKind
    amount_minor: int
    currency: int
    masked_pan: str
    scheme: str
    entry_mode: _payment_pb2.EntryMode
    verification: _payment_pb2.Verification
    record_number: str
    approval_code: str
    response_code: str
    retrieval_reference: str
    time_ms: int
    outcome: _payment_pb2.Outcome
    amounts: _payment_pb2.Amounts
    def __init__(self, merchant_name: _Optional[str] = ..., merchant_id: _Optional[str] = ..., terminal_id: _Optional[str] = ..., kind: _Optional[_Union[_payment_pb2.PaymentKind, str]] = ..., amount_minor: _Optional[int] = ..., currency: _Optional[int] = ..., masked_pan: _Optional[str] = ..., scheme: _Optional[str] = ..., entry_mode: _Optional[_Union[_payment_pb2.EntryMode, str]] = ..., verification: _Optional[_Union[_payment_pb2.Verification, str]] = ..., record_number: _Optional[str] = ..., approval_code: _Optional[str] = ..., response_code: _Optional[str] = ..., retrieval_reference: _Optional[str] = ..., time_ms: _Optional[int] = ..., outcome: _Optional[_Union[_payment_pb2.Outcome, str]] = ..., amounts: _Optional[_Union[_payment_pb2.Amounts, _Mapping]] = ...) -> None: ...

class GetTerminalPaymentRequest(_message.Message):
    __slots__ = ("payment_id",)
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    payment_id: str
    def __init__(self, payment_id: _Optional[str] = ...) -> None: ...

class GetTerminalPaymentResponse(_message.Message):
    __slots__ = ("report",)
    REPORT_FIELD_NUMBER: _ClassVar[int]
    report: PaymentReport
    def __init__(self, report: _Optional[_Union[PaymentReport, _Mapping]] = ...) -> None: ...

class GetTerminalRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetTerminalResponse(_message.Message):
    __slots__ = ("certificate", "terminal", "reader_serial", "is_relay_connected")
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_FIELD_NUMBER: _ClassVar[int]
    READER_SERIAL_FIELD_NUMBER: _ClassVar[int]
    IS_RELAY_CONNECTED_FIELD_NUMBER: _ClassVar[int]
    certificate: _keys_pb2.SignedEnvelope
    terminal: _keys_pb2.TerminalCertificate
    reader_serial: str
    is_relay_connected: bool
    def __init__(self, certificate: _Optional[_Union[_keys_pb2.SignedEnvelope, _Mapping]] = ..., terminal: _Optional[_Union[_keys_pb2.TerminalCertificate, _Mapping]] = ..., reader_serial: _Optional[str] = ..., is_relay_connected: _Optional[bool] = ...) -> None: ...
