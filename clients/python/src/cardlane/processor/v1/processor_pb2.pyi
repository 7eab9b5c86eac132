from cardlane.keys.v1 import keys_pb2 as _keys_pb2
from cardlane.mesh.v1 import stream_pb2 as _stream_pb2
from cardlane.payment.v1 import payment_pb2 as _payment_pb2
from cardlane.relay.v1 import relay_pb2 as _relay_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HoldReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HOLD_REASON_UNSPECIFIED: _ClassVar[HoldReason]
    HOLD_REASON_RELAY_NOT_ACTIVE: _ClassVar[HoldReason]
    HOLD_REASON_LATE: _ClassVar[HoldReason]

class HeldReversalDecision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HELD_REVERSAL_DECISION_UNSPECIFIED: _ClassVar[HeldReversalDecision]
    HELD_REVERSAL_DECISION_RELEASE: _ClassVar[HeldReversalDecision]
    HELD_REVERSAL_DECISION_REFUSE: _ClassVar[HeldReversalDecision]
HOLD_REASON_UNSPECIFIED: HoldReason
HOLD_REASON_RELAY_NOT_ACTIVE: HoldReason
HOLD_REASON_LATE: HoldReason
HELD_REVERSAL_DECISION_UNSPECIFIED: HeldReversalDecision
HELD_REVERSAL_DECISION_RELEASE: HeldReversalDecision
HELD_REVERSAL_DECISION_REFUSE: HeldReversalDecision

class ProcessRequest(_message.Message):
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
    box: HopBox
    def __init__(self, hello: _Optional[_Union[_stream_pb2.Hello, _Mapping]] = ..., heartbeat: _Optional[_Union[_stream_pb2.Heartbeat, _Mapping]] = ..., drain: _Optional[_Union[_stream_pb2.Drain, _Mapping]] = ..., close: _Optional[_Union[_stream_pb2.Close, _Mapping]] = ..., box: _Optional[_Union[HopBox, _Mapping]] = ...) -> None: ...

class ProcessResponse(_message.Message):
    __slots__ = ("hello", "heartbeat", "drain", "close", "box", "box_refused")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    DRAIN_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    BOX_FIELD_NUMBER: _ClassVar[int]
    BOX_REFUSED_FIELD_NUMBER: _ClassVar[int]
    hello: _stream_pb2.Hello
    heartbeat: _stream_pb2.Heartbeat
    drain: _stream_pb2.Drain
    close: _stream_pb2.Close
    box: HopBox
    box_refused: BoxRefused
    def __init__(self, hello: _Optional[_Union[_stream_pb2.Hello, _Mapping]] = ..., heartbeat: _Optional[_Union[_stream_pb2.Heartbeat, _Mapping]] = ..., drain: _Optional[_Union[_stream_pb2.Drain, _Mapping]] = ..., close: _Optional[_Union[_stream_pb2.Close, _Mapping]] = ..., box: _Optional[_Union[HopBox, _Mapping]] = ..., box_refused: _Optional[_Union[BoxRefused, _Mapping]] = ...) -> None: ...

class HopBox(_message.Message):
    __slots__ = ("number", "relay_key_id", "processor_key_id", "sealed")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    RELAY_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    PROCESSOR_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SEALED_FIELD_NUMBER: _ClassVar[int]
    number: int
    relay_key_id: bytes
    processor_key_id: bytes
    sealed: bytes
    def __init__(self, number: _Optional[int] = ..., relay_key_id: _Optional[bytes] = ..., processor_key_id: _Optional[bytes] = ..., sealed: _Optional[bytes] = ...) -> None: ...

class BoxRefused(_message.Message):
    __slots__ = ("number", "fault")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    FAULT_FIELD_NUMBER: _ClassVar[int]
    number: int
    fault: _payment_pb2.PaymentFault
    def __init__(self, number: _Optional[int] = ..., fault: _Optional[_Union[_payment_pb2.PaymentFault, _Mapping]] = ...) -> None: ...

class HopRequest(_message.Message):
    __slots__ = ("authorizations", "reversals", "instructions", "acknowledgements", "completions")
    AUTHORIZATIONS_FIELD_NUMBER: _ClassVar[int]
    REVERSALS_FIELD_NUMBER: _ClassVar[int]
    INSTRUCTIONS_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGEMENTS_FIELD_NUMBER: _ClassVar[int]
    COMPLETIONS_FIELD_NUMBER: _ClassVar[int]
    authorizations: _containers.RepeatedCompositeFieldContainer[AuthorizationRequest]
    reversals: _containers.RepeatedCompositeFieldContainer[ReversalRequest]
    instructions: _containers.RepeatedCompositeFieldContainer[InstructionRequest]
    acknowledgements: _containers.RepeatedCompositeFieldContainer[Acknowledgement]
    completions: _containers.RepeatedCompositeFieldContainer[CompletionRequest]
    def __init__(self, authorizations: _Optional[_Iterable[_Union[AuthorizationRequest, _Mapping]]] = ..., reversals: _Optional[_Iterable[_Union[ReversalRequest, _Mapping]]] = ..., instructions: _Optional[_Iterable[_Union[InstructionRequest, _Mapping]]] = ..., acknowledgements: _Optional[_Iterable[_Union[Acknowledgement, _Mapping]]] = ..., completions: _Optional[_Iterable[_Union[CompletionRequest, _Mapping]]] = ...) -> None: ...

class HopAnswer(_message.Message):
    __slots__ = ("answers", "results_signature", "acknowledged_boxes")
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    RESULTS_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGED_BOXES_FIELD_NUMBER: _ClassVar[int]
    answers: _containers.RepeatedCompositeFieldContainer[Answer]
    results_signature: ResultsSignature
    acknowledged_boxes: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, answers: _Optional[_Iterable[_Union[Answer, _Mapping]]] = ..., results_signature: _Optional[_Union[ResultsSignature, _Mapping]] = ..., acknowledged_boxes: _Optional[_Iterable[int]] = ...) -> None: ...

class ResultsSignature(_message.Message):
    __slots__ = ("signature", "key_id")
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    signature: bytes
    key_id: bytes
    def __init__(self, signature: _Optional[bytes] = ..., key_id: _Optional[bytes] = ...) -> None: ...

class AuthorizationRequest(_message.Message):
    __slots__ = ("request_number", "message_type", "record_number", "trace_number", "transmission_time_ms", "local_time", "merchant_category_code", "pos_entry_mode", "pos_condition_code", "acquiring_institution_id", "forwarding_institution_id", "time_left_ms", "payment", "traceparent")
    REQUEST_NUMBER_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_TYPE_FIELD_NUMBER: _ClassVar[int]
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    TRACE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    TRANSMISSION_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    LOCAL_TIME_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_CATEGORY_CODE_FIELD_NUMBER: _ClassVar[int]
    POS_ENTRY_MODE_FIELD_NUMBER: _ClassVar[int]
    POS_CONDITION_CODE_FIELD_NUMBER: _ClassVar[int]
    ACQUIRING_INSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    FORWARDING_INSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_LEFT_MS_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    request_number: int
    message_type: int
    record_number: str
    trace_number: int
    transmission_time_ms: int
    local_time: str
    merchant_category_code: int
    pos_entry_mode: str
    pos_condition_code: str
    acquiring_institution_id: str
    forwarding_institution_id: str
    time_left_ms: int
    payment: _payment_pb2.SignedPayment
    traceparent: str
    def __init__(self, request_number: _Optional[int] = ..., message_type: _Optional[int] = ..., record_number: _Optional[str] = ..., trace_number: _Optional[int] = ..., transmission_time_ms: _Optional[int] = ..., local_time: _Optional[str] = ..., merchant_category_code: _Optional[int] = ..., pos_entry_mode: _Optional[str] = ..., pos_condition_code: _Optional[str] = ..., acquiring_institution_id: _Optional[str] = ..., forwarding_institution_id: _Optional[str] = ..., time_left_ms: _Optional[int] = ..., payment: _Optional[_Union[_payment_pb2.SignedPayment, _Mapping]] = ..., traceparent: _Optional[str] = ...) -> None: ...

class ReversalRequest(_message.Message):
    __slots__ = ("request_number", "message_type", "reverse", "traceparent")
    REQUEST_NUMBER_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_TYPE_FIELD_NUMBER: _ClassVar[int]
    REVERSE_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    request_number: int
    message_type: int
    reverse: _payment_pb2.SignedReverse
    traceparent: str
    def __init__(self, request_number: _Optional[int] = ..., message_type: _Optional[int] = ..., reverse: _Optional[_Union[_payment_pb2.SignedReverse, _Mapping]] = ..., traceparent: _Optional[str] = ...) -> None: ...

class InstructionRequest(_message.Message):
    __slots__ = ("request_number", "message_type", "record_number", "trace_number", "instruction", "time_left_ms", "traceparent")
    REQUEST_NUMBER_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_TYPE_FIELD_NUMBER: _ClassVar[int]
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    TRACE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    INSTRUCTION_FIELD_NUMBER: _ClassVar[int]
    TIME_LEFT_MS_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    request_number: int
    message_type: int
    record_number: str
    trace_number: int
    instruction: _payment_pb2.SignedInstruction
    time_left_ms: int
    traceparent: str
    def __init__(self, request_number: _Optional[int] = ..., message_type: _Optional[int] = ..., record_number: _Optional[str] = ..., trace_number: _Optional[int] = ..., instruction: _Optional[_Union[_payment_pb2.SignedInstruction, _Mapping]] = ..., time_left_ms: _Optional[int] = ..., traceparent: _Optional[str] = ...) -> None: ...

class CompletionRequest(_message.Message):
    __slots__ = ("request_number", "merchant_id", "completion", "traceparent")
    REQUEST_NUMBER_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    request_number: int
    merchant_id: str
    completion: _payment_pb2.SignedCompletion
    traceparent: str
    def __init__(self, request_number: _Optional[int] = ..., merchant_id: _Optional[str] = ..., completion: _Optional[_Union[_payment_pb2.SignedCompletion, _Mapping]] = ..., traceparent: _Optional[str] = ...) -> None: ...

class Acknowledgement(_message.Message):
    __slots__ = ("merchant_id", "payment_id", "revision")
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    merchant_id: str
    payment_id: bytes
    revision: int
    def __init__(self, merchant_id: _Optional[str] = ..., payment_id: _Optional[bytes] = ..., revision: _Optional[int] = ...) -> None: ...

class Answer(_message.Message):
    __slots__ = ("request_number", "result", "fault")
    REQUEST_NUMBER_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    FAULT_FIELD_NUMBER: _ClassVar[int]
    request_number: int
    result: _payment_pb2.SignedResult
    fault: _payment_pb2.PaymentFault
    def __init__(self, request_number: _Optional[int] = ..., result: _Optional[_Union[_payment_pb2.SignedResult, _Mapping]] = ..., fault: _Optional[_Union[_payment_pb2.PaymentFault, _Mapping]] = ...) -> None: ...

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

class RelayRegistration(_message.Message):
    __slots__ = ("certificate", "state")
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    certificate: _keys_pb2.SignedEnvelope
    state: _relay_pb2.DeviceState
    def __init__(self, certificate: _Optional[_Union[_keys_pb2.SignedEnvelope, _Mapping]] = ..., state: _Optional[_Union[_relay_pb2.DeviceState, str]] = ...) -> None: ...

class RegisterRelaysRequest(_message.Message):
    __slots__ = ("relays", "validate_only")
    RELAYS_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    relays: _containers.RepeatedCompositeFieldContainer[RelayRegistration]
    validate_only: bool
    def __init__(self, relays: _Optional[_Iterable[_Union[RelayRegistration, _Mapping]]] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class RegisterRelaysResponse(_message.Message):
    __slots__ = ("registered", "states")
    REGISTERED_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    registered: int
    states: _containers.RepeatedScalarFieldContainer[_relay_pb2.DeviceState]
    def __init__(self, registered: _Optional[int] = ..., states: _Optional[_Iterable[_Union[_relay_pb2.DeviceState, str]]] = ...) -> None: ...

class TerminalRegistration(_message.Message):
    __slots__ = ("certificate", "state", "currencies", "simulate_by_amount")
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CURRENCIES_FIELD_NUMBER: _ClassVar[int]
    SIMULATE_BY_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    certificate: _keys_pb2.SignedEnvelope
    state: _relay_pb2.DeviceState
    currencies: _containers.RepeatedScalarFieldContainer[int]
    simulate_by_amount: bool
    def __init__(self, certificate: _Optional[_Union[_keys_pb2.SignedEnvelope, _Mapping]] = ..., state: _Optional[_Union[_relay_pb2.DeviceState, str]] = ..., currencies: _Optional[_Iterable[int]] = ..., simulate_by_amount: _Optional[bool] = ...) -> None: ...

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
    states: _containers.RepeatedScalarFieldContainer[_relay_pb2.DeviceState]
    def __init__(self, registered: _Optional[int] = ..., states: _Optional[_Iterable[_Union[_relay_pb2.DeviceState, str]]] = ...) -> None: ...

class RegisterReadersRequest(_message.Message):
    __slots__ = ("readers", "validate_only")
    READERS_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    readers: _containers.RepeatedCompositeFieldContainer[_relay_pb2.ReaderRegistration]
    validate_only: bool
    def __init__(self, readers: _Optional[_Iterable[_Union[_relay_pb2.ReaderRegistration, _Mapping]]] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class RegisterReadersResponse(_message.Message):
    __slots__ = ("registered", "states")
    REGISTERED_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    registered: int
    states: _containers.RepeatedScalarFieldContainer[_relay_pb2.DeviceState]
    def __init__(self, registered: _Optional[int] = ..., states: _Optional[_Iterable[_Union[_relay_pb2.DeviceState, str]]] = ...) -> None: ...

class SetRelayStateRequest(_message.Message):
    __slots__ = ("relay_id", "state")
    RELAY_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    relay_id: str
    state: _relay_pb2.DeviceState
    def __init__(self, relay_id: _Optional[str] = ..., state: _Optional[_Union[_relay_pb2.DeviceState, str]] = ...) -> None: ...

class SetRelayStateResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SetReaderStateRequest(_message.Message):
    __slots__ = ("serial", "state")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    serial: str
    state: _relay_pb2.DeviceState
    def __init__(self, serial: _Optional[str] = ..., state: _Optional[_Union[_relay_pb2.DeviceState, str]] = ...) -> None: ...

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
    state: _relay_pb2.DeviceState
    def __init__(self, merchant_id: _Optional[str] = ..., terminal_id: _Optional[str] = ..., state: _Optional[_Union[_relay_pb2.DeviceState, str]] = ...) -> None: ...

class SetTerminalStateResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetBalanceRequest(_message.Message):
    __slots__ = ("merchant_id", "currency")
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    merchant_id: str
    currency: int
    def __init__(self, merchant_id: _Optional[str] = ..., currency: _Optional[int] = ...) -> None: ...

class GetBalanceResponse(_message.Message):
    __slots__ = ("balance_minor", "recomputed_minor", "postings")
    BALANCE_MINOR_FIELD_NUMBER: _ClassVar[int]
    RECOMPUTED_MINOR_FIELD_NUMBER: _ClassVar[int]
    POSTINGS_FIELD_NUMBER: _ClassVar[int]
    balance_minor: int
    recomputed_minor: int
    postings: int
    def __init__(self, balance_minor: _Optional[int] = ..., recomputed_minor: _Optional[int] = ..., postings: _Optional[int] = ...) -> None: ...

class StreamPaymentsRequest(_message.Message):
    __slots__ = ("merchant_id", "from_ms", "before_ms")
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_MS_FIELD_NUMBER: _ClassVar[int]
    BEFORE_MS_FIELD_NUMBER: _ClassVar[int]
    merchant_id: str
    from_ms: int
    before_ms: int
    def __init__(self, merchant_id: _Optional[str] = ..., from_ms: _Optional[int] = ..., before_ms: _Optional[int] = ...) -> None: ...

class StreamPaymentsResponse(_message.Message):
    __slots__ = ("payments",)
    PAYMENTS_FIELD_NUMBER: _ClassVar[int]
    payments: _containers.RepeatedCompositeFieldContainer[LedgerPayment]
    def __init__(self, payments: _Optional[_Iterable[_Union[LedgerPayment, _Mapping]]] = ...) -> None: ...

class LedgerPayment(_message.Message):
    __slots__ = ("record_number", "merchant_id", "payment_id", "state", "is_tombstone", "total_minor", "approved_amount_minor", "currency", "revision", "result", "postings", "processor_time_ms")
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    IS_TOMBSTONE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_MINOR_FIELD_NUMBER: _ClassVar[int]
    APPROVED_AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    POSTINGS_FIELD_NUMBER: _ClassVar[int]
    PROCESSOR_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    record_number: str
    merchant_id: str
    payment_id: str
    state: _payment_pb2.PaymentState
    is_tombstone: bool
    total_minor: int
    approved_amount_minor: int
    currency: int
    revision: int
    result: _payment_pb2.SignedResult
    postings: _containers.RepeatedCompositeFieldContainer[LedgerPosting]
    processor_time_ms: int
    def __init__(self, record_number: _Optional[str] = ..., merchant_id: _Optional[str] = ..., payment_id: _Optional[str] = ..., state: _Optional[_Union[_payment_pb2.PaymentState, str]] = ..., is_tombstone: _Optional[bool] = ..., total_minor: _Optional[int] = ..., approved_amount_minor: _Optional[int] = ..., currency: _Optional[int] = ..., revision: _Optional[int] = ..., result: _Optional[_Union[_payment_pb2.SignedResult, _Mapping]] = ..., postings: _Optional[_Iterable[_Union[LedgerPosting, _Mapping]]] = ..., processor_time_ms: _Optional[int] = ...) -> None: ...

class LedgerPosting(_message.Message):
    __slots__ = ("kind", "amount_minor", "currency", "debit_account", "credit_account")
    KIND_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    DEBIT_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    CREDIT_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    kind: str
    amount_minor: int
    currency: int
    debit_account: int
    credit_account: int
    def __init__(self, kind: _Optional[str] = ..., amount_minor: _Optional[int] = ..., currency: _Optional[int] = ..., debit_account: _Optional[int] = ..., credit_account: _Optional[int] = ...) -> None: ...

class StreamAccountsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StreamAccountsResponse(_message.Message):
    __slots__ = ("accounts",)
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    accounts: _containers.RepeatedCompositeFieldContainer[LedgerAccount]
    def __init__(self, accounts: _Optional[_Iterable[_Union[LedgerAccount, _Mapping]]] = ...) -> None: ...

class LedgerAccount(_message.Message):
    __slots__ = ("account_id", "kind", "merchant_id", "currency", "balance_minor", "recomputed_minor")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    BALANCE_MINOR_FIELD_NUMBER: _ClassVar[int]
    RECOMPUTED_MINOR_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    kind: str
    merchant_id: str
    currency: int
    balance_minor: int
    recomputed_minor: int
    def __init__(self, account_id: _Optional[int] = ..., kind: _Optional[str] = ..., merchant_id: _Optional[str] = ..., currency: _Optional[int] = ..., balance_minor: _Optional[int] = ..., recomputed_minor: _Optional[int] = ...) -> None: ...

class ListHeldReversalsRequest(_message.Message):
    __slots__ = ("limit",)
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    limit: int
    def __init__(self, limit: _Optional[int] = ...) -> None: ...

class ListHeldReversalsResponse(_message.Message):
    __slots__ = ("reversals", "total")
    REVERSALS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    reversals: _containers.RepeatedCompositeFieldContainer[HeldReversal]
    total: int
    def __init__(self, reversals: _Optional[_Iterable[_Union[HeldReversal, _Mapping]]] = ..., total: _Optional[int] = ...) -> None: ...

class HeldReversal(_message.Message):
    __slots__ = ("record_number", "merchant_id", "payment_id", "relay_id", "reason", "approved_amount_minor", "currency", "ordered_at_ms", "approved_at_ms")
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    RELAY_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    APPROVED_AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    ORDERED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    APPROVED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    record_number: str
    merchant_id: str
    payment_id: str
    relay_id: str
    reason: HoldReason
    approved_amount_minor: int
    currency: int
    ordered_at_ms: int
    approved_at_ms: int
    def __init__(self, record_number: _Optional[str] = ..., merchant_id: _Optional[str] = ..., payment_id: _Optional[str] = ..., relay_id: _Optional[str] = ..., reason: _Optional[_Union[HoldReason, str]] = ..., approved_amount_minor: _Optional[int] = ..., currency: _Optional[int] = ..., ordered_at_ms: _Optional[int] = ..., approved_at_ms: _Optional[int] = ...) -> None: ...

class DecideHeldReversalRequest(_message.Message):
    __slots__ = ("merchant_id", "payment_id", "decision")
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    merchant_id: str
    payment_id: str
    decision: HeldReversalDecision
    def __init__(self, merchant_id: _Optional[str] = ..., payment_id: _Optional[str] = ..., decision: _Optional[_Union[HeldReversalDecision, str]] = ...) -> None: ...

class DecideHeldReversalResponse(_message.Message):
    __slots__ = ("state",)
    STATE_FIELD_NUMBER: _ClassVar[int]
    state: _payment_pb2.PaymentState
    def __init__(self, state: _Optional[_Union[_payment_pb2.PaymentState, str]] = ...) -> None: ...
