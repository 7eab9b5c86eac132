from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PaymentKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PAYMENT_KIND_UNSPECIFIED: _ClassVar[PaymentKind]
    PAYMENT_KIND_SALE: _ClassVar[PaymentKind]
    PAYMENT_KIND_AUTHORIZATION: _ClassVar[PaymentKind]
    PAYMENT_KIND_INCREMENTAL_AUTHORIZATION: _ClassVar[PaymentKind]
    PAYMENT_KIND_CAPTURE: _ClassVar[PaymentKind]
    PAYMENT_KIND_VOID: _ClassVar[PaymentKind]
    PAYMENT_KIND_REFUND: _ClassVar[PaymentKind]
    PAYMENT_KIND_BALANCE_ENQUIRY: _ClassVar[PaymentKind]
    PAYMENT_KIND_TIP_ADJUSTMENT: _ClassVar[PaymentKind]
    PAYMENT_KIND_OFFLINE_SALE: _ClassVar[PaymentKind]
    PAYMENT_KIND_DEFERRED_SALE: _ClassVar[PaymentKind]

class EntryMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENTRY_MODE_UNSPECIFIED: _ClassVar[EntryMode]
    ENTRY_MODE_CHIP: _ClassVar[EntryMode]
    ENTRY_MODE_CONTACTLESS: _ClassVar[EntryMode]
    ENTRY_MODE_MAGSTRIPE: _ClassVar[EntryMode]
    ENTRY_MODE_FALLBACK: _ClassVar[EntryMode]

class Verification(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERIFICATION_UNSPECIFIED: _ClassVar[Verification]
    VERIFICATION_NONE: _ClassVar[Verification]
    VERIFICATION_ONLINE_PIN: _ClassVar[Verification]
    VERIFICATION_OFFLINE_PIN: _ClassVar[Verification]
    VERIFICATION_SIGNATURE: _ClassVar[Verification]
    VERIFICATION_DEVICE: _ClassVar[Verification]

class PinEntry(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PIN_ENTRY_UNSPECIFIED: _ClassVar[PinEntry]
    PIN_ENTRY_READER: _ClassVar[PinEntry]
    PIN_ENTRY_TERMINAL: _ClassVar[PinEntry]

class PaymentState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PAYMENT_STATE_UNSPECIFIED: _ClassVar[PaymentState]
    PAYMENT_STATE_RECEIVED: _ClassVar[PaymentState]
    PAYMENT_STATE_FORWARDED: _ClassVar[PaymentState]
    PAYMENT_STATE_APPROVED: _ClassVar[PaymentState]
    PAYMENT_STATE_AUTHORIZED: _ClassVar[PaymentState]
    PAYMENT_STATE_DECLINED: _ClassVar[PaymentState]
    PAYMENT_STATE_REVERSING: _ClassVar[PaymentState]
    PAYMENT_STATE_REVERSED: _ClassVar[PaymentState]
    PAYMENT_STATE_CAPTURED: _ClassVar[PaymentState]
    PAYMENT_STATE_VOIDED: _ClassVar[PaymentState]
    PAYMENT_STATE_EXPIRED: _ClassVar[PaymentState]

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    OUTCOME_APPROVED: _ClassVar[Outcome]
    OUTCOME_PARTIALLY_APPROVED: _ClassVar[Outcome]
    OUTCOME_DECLINED: _ClassVar[Outcome]
    OUTCOME_REVERSED: _ClassVar[Outcome]
    OUTCOME_VOIDED: _ClassVar[Outcome]

class Certainty(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CERTAINTY_UNSPECIFIED: _ClassVar[Certainty]
    CERTAINTY_FINAL: _ClassVar[Certainty]
    CERTAINTY_UNKNOWN: _ClassVar[Certainty]

class NextStep(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NEXT_STEP_UNSPECIFIED: _ClassVar[NextStep]
    NEXT_STEP_NONE: _ClassVar[NextStep]
    NEXT_STEP_RETRY_SAME_ID: _ClassVar[NextStep]
    NEXT_STEP_ENTER_PIN: _ClassVar[NextStep]
    NEXT_STEP_INSERT_CARD: _ClassVar[NextStep]
    NEXT_STEP_WAIT_FOR_REVERSAL: _ClassVar[NextStep]
    NEXT_STEP_DO_NOT_RETRY: _ClassVar[NextStep]
    NEXT_STEP_USE_ANOTHER_CARD: _ClassVar[NextStep]
    NEXT_STEP_WAIT: _ClassVar[NextStep]
    NEXT_STEP_CORRECT_REQUEST: _ClassVar[NextStep]
    NEXT_STEP_ASK_OPERATOR: _ClassVar[NextStep]

class CardOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CARD_OUTCOME_UNSPECIFIED: _ClassVar[CardOutcome]
    CARD_OUTCOME_ACCEPTED: _ClassVar[CardOutcome]
    CARD_OUTCOME_REFUSED: _ClassVar[CardOutcome]
    CARD_OUTCOME_REMOVED: _ClassVar[CardOutcome]
PAYMENT_KIND_UNSPECIFIED: PaymentKind
PAYMENT_KIND_SALE: PaymentKind
PAYMENT_KIND_AUTHORIZATION: PaymentKind
PAYMENT_KIND_INCREMENTAL_AUTHORIZATION: PaymentKind
PAYMENT_KIND_CAPTURE: PaymentKind
PAYMENT_KIND_VOID: PaymentKind
PAYMENT_KIND_REFUND: PaymentKind
PAYMENT_KIND_BALANCE_ENQUIRY: PaymentKind
PAYMENT_KIND_TIP_ADJUSTMENT: PaymentKind
PAYMENT_KIND_OFFLINE_SALE: PaymentKind
PAYMENT_KIND_DEFERRED_SALE: PaymentKind
ENTRY_MODE_UNSPECIFIED: EntryMode
ENTRY_MODE_CHIP: EntryMode
ENTRY_MODE_CONTACTLESS: EntryMode
ENTRY_MODE_MAGSTRIPE: EntryMode
ENTRY_MODE_FALLBACK: EntryMode
VERIFICATION_UNSPECIFIED: Verification
VERIFICATION_NONE: Verification
VERIFICATION_ONLINE_PIN: Verification
VERIFICATION_OFFLINE_PIN: Verification
VERIFICATION_SIGNATURE: Verification
VERIFICATION_DEVICE: Verification
PIN_ENTRY_UNSPECIFIED: PinEntry
PIN_ENTRY_READER: PinEntry
PIN_ENTRY_TERMINAL: PinEntry
PAYMENT_STATE_UNSPECIFIED: PaymentState
PAYMENT_STATE_RECEIVED: PaymentState
PAYMENT_STATE_FORWARDED: PaymentState
PAYMENT_STATE_APPROVED: PaymentState
PAYMENT_STATE_AUTHORIZED: PaymentState
PAYMENT_STATE_DECLINED: PaymentState
PAYMENT_STATE_REVERSING: PaymentState
PAYMENT_STATE_REVERSED: PaymentState
PAYMENT_STATE_CAPTURED: PaymentState
PAYMENT_STATE_VOIDED: PaymentState
PAYMENT_STATE_EXPIRED: PaymentState
OUTCOME_UNSPECIFIED: Outcome
OUTCOME_APPROVED: Outcome
OUTCOME_PARTIALLY_APPROVED: Outcome
OUTCOME_DECLINED: Outcome
OUTCOME_REVERSED: Outcome
OUTCOME_VOIDED: Outcome
CERTAINTY_UNSPECIFIED: Certainty
CERTAINTY_FINAL: Certainty
CERTAINTY_UNKNOWN: Certainty
NEXT_STEP_UNSPECIFIED: NextStep
NEXT_STEP_NONE: NextStep
NEXT_STEP_RETRY_SAME_ID: NextStep
NEXT_STEP_ENTER_PIN: NextStep
NEXT_STEP_INSERT_CARD: NextStep
NEXT_STEP_WAIT_FOR_REVERSAL: NextStep
NEXT_STEP_DO_NOT_RETRY: NextStep
NEXT_STEP_USE_ANOTHER_CARD: NextStep
NEXT_STEP_WAIT: NextStep
NEXT_STEP_CORRECT_REQUEST: NextStep
NEXT_STEP_ASK_OPERATOR: NextStep
CARD_OUTCOME_UNSPECIFIED: CardOutcome
CARD_OUTCOME_ACCEPTED: CardOutcome
CARD_OUTCOME_REFUSED: CardOutcome
CARD_OUTCOME_REMOVED: CardOutcome

class Amounts(_message.Message):
    __slots__ = ("total_minor", "tip_minor", "cashback_minor", "surcharge_minor")
    TOTAL_MINOR_FIELD_NUMBER: _ClassVar[int]
    TIP_MINOR_FIELD_NUMBER: _ClassVar[int]
    CASHBACK_MINOR_FIELD_NUMBER: _ClassVar[int]
    SURCHARGE_MINOR_FIELD_NUMBER: _ClassVar[int]
    total_minor: int
    tip_minor: int
    cashback_minor: int
    surcharge_minor: int
    def __init__(self, total_minor: _Optional[int] = ..., tip_minor: _Optional[int] = ..., cashback_minor: _Optional[int] = ..., surcharge_minor: _Optional[int] = ...) -> None: ...

class PaymentContext(_message.Message):
    __slots__ = ("version", "payment_id", "previous_payment_id", "reader_serial", "reader_certificate_id", "counter", "kind", "amounts", "currency", "accept_partial", "merchant_id", "terminal_id", "terminal_certificate_id", "entry_mode", "verification", "pin_entry", "card_key_id", "pin_key_id", "manifest_number", "reader_time_ms", "submit_before_ms")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    READER_SERIAL_FIELD_NUMBER: _ClassVar[int]
    READER_CERTIFICATE_ID_FIELD_NUMBER: _ClassVar[int]
    COUNTER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_PARTIAL_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_ID_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_CERTIFICATE_ID_FIELD_NUMBER: _ClassVar[int]
    ENTRY_MODE_FIELD_NUMBER: _ClassVar[int]
    VERIFICATION_FIELD_NUMBER: _ClassVar[int]
    PIN_ENTRY_FIELD_NUMBER: _ClassVar[int]
    CARD_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    PIN_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_NUMBER_FIELD_NUMBER: _ClassVar[int]
    READER_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    SUBMIT_BEFORE_MS_FIELD_NUMBER: _ClassVar[int]
    version: int
    payment_id: bytes
    previous_payment_id: bytes
    reader_serial: str
    reader_certificate_id: bytes
    counter: int
    kind: PaymentKind
    amounts: Amounts
    currency: int
    accept_partial: bool
    merchant_id: str
    terminal_id: str
    terminal_certificate_id: bytes
    entry_mode: EntryMode
    verification: Verification
    pin_entry: PinEntry
    card_key_id: bytes
    pin_key_id: bytes
    manifest_number: int
    reader_time_ms: int
    submit_before_ms: int
    def __init__(self, version: _Optional[int] = ..., payment_id: _Optional[bytes] = ..., previous_payment_id: _Optional[bytes] = ..., reader_serial: _Optional[str] = ..., reader_certificate_id: _Optional[bytes] = ..., counter: _Optional[int] = ..., kind: _Optional[_Union[PaymentKind, str]] = ..., amounts: _Optional[_Union[Amounts, _Mapping]] = ..., currency: _Optional[int] = ..., accept_partial: _Optional[bool] = ..., merchant_id: _Optional[str] = ..., terminal_id: _Optional[str] = ..., terminal_certificate_id: _Optional[bytes] = ..., entry_mode: _Optional[_Union[EntryMode, str]] = ..., verification: _Optional[_Union[Verification, str]] = ..., pin_entry: _Optional[_Union[PinEntry, str]] = ..., card_key_id: _Optional[bytes] = ..., pin_key_id: _Optional[bytes] = ..., manifest_number: _Optional[int] = ..., reader_time_ms: _Optional[int] = ..., submit_before_ms: _Optional[int] = ...) -> None: ...

class CardData(_message.Message):
    __slots__ = ("pan", "expiration_date", "card_sequence_number", "track2", "emv_data", "service_code")
    PAN_FIELD_NUMBER: _ClassVar[int]
    EXPIRATION_DATE_FIELD_NUMBER: _ClassVar[int]
    CARD_SEQUENCE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    TRACK2_FIELD_NUMBER: _ClassVar[int]
    EMV_DATA_FIELD_NUMBER: _ClassVar[int]
    SERVICE_CODE_FIELD_NUMBER: _ClassVar[int]
    pan: str
    expiration_date: str
    card_sequence_number: int
    track2: str
    emv_data: bytes
    service_code: str
    def __init__(self, pan: _Optional[str] = ..., expiration_date: _Optional[str] = ..., card_sequence_number: _Optional[int] = ..., track2: _Optional[str] = ..., emv_data: _Optional[bytes] = ..., service_code: _Optional[str] = ...) -> None: ...

class ReaderPayment(_message.Message):
    __slots__ = ("context", "card_box", "pin_box")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    CARD_BOX_FIELD_NUMBER: _ClassVar[int]
    PIN_BOX_FIELD_NUMBER: _ClassVar[int]
    context: bytes
    card_box: bytes
    pin_box: bytes
    def __init__(self, context: _Optional[bytes] = ..., card_box: _Optional[bytes] = ..., pin_box: _Optional[bytes] = ...) -> None: ...

class SignedPayment(_message.Message):
    __slots__ = ("reader_payment", "signature")
    READER_PAYMENT_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    reader_payment: bytes
    signature: bytes
    def __init__(self, reader_payment: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class Instruction(_message.Message):
    __slots__ = ("version", "payment_id", "original_payment_id", "kind", "amounts", "currency", "merchant_id", "terminal_id", "terminal_certificate_id", "terminal_time_ms", "submit_before_ms")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_ID_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_CERTIFICATE_ID_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    SUBMIT_BEFORE_MS_FIELD_NUMBER: _ClassVar[int]
    version: int
    payment_id: bytes
    original_payment_id: bytes
    kind: PaymentKind
    amounts: Amounts
    currency: int
    merchant_id: str
    terminal_id: str
    terminal_certificate_id: bytes
    terminal_time_ms: int
    submit_before_ms: int
    def __init__(self, version: _Optional[int] = ..., payment_id: _Optional[bytes] = ..., original_payment_id: _Optional[bytes] = ..., kind: _Optional[_Union[PaymentKind, str]] = ..., amounts: _Optional[_Union[Amounts, _Mapping]] = ..., currency: _Optional[int] = ..., merchant_id: _Optional[str] = ..., terminal_id: _Optional[str] = ..., terminal_certificate_id: _Optional[bytes] = ..., terminal_time_ms: _Optional[int] = ..., submit_before_ms: _Optional[int] = ...) -> None: ...

class SignedInstruction(_message.Message):
    __slots__ = ("instruction", "signature")
    INSTRUCTION_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    instruction: bytes
    signature: bytes
    def __init__(self, instruction: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class Reverse(_message.Message):
    __slots__ = ("version", "payment_id", "merchant_id", "digest", "relay_id", "record_number", "reason", "relay_time_ms", "context", "unless_approved")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    RELAY_ID_FIELD_NUMBER: _ClassVar[int]
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RELAY_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    UNLESS_APPROVED_FIELD_NUMBER: _ClassVar[int]
    version: int
    payment_id: bytes
    merchant_id: str
    digest: bytes
    relay_id: str
    record_number: str
    reason: int
    relay_time_ms: int
    context: bytes
    unless_approved: bool
    def __init__(self, version: _Optional[int] = ..., payment_id: _Optional[bytes] = ..., merchant_id: _Optional[str] = ..., digest: _Optional[bytes] = ..., relay_id: _Optional[str] = ..., record_number: _Optional[str] = ..., reason: _Optional[int] = ..., relay_time_ms: _Optional[int] = ..., context: _Optional[bytes] = ..., unless_approved: _Optional[bool] = ...) -> None: ...

class SignedReverse(_message.Message):
    __slots__ = ("reverse", "signature")
    REVERSE_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    reverse: bytes
    signature: bytes
    def __init__(self, reverse: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class Result(_message.Message):
    __slots__ = ("version", "payment_id", "revision", "record_number", "retrieval_reference", "context_digest", "outcome", "response_code", "approval_code", "approved_amount_minor", "currency", "last_four", "scheme", "issuer_data", "settlement_date", "processor_time_ms", "valid_until_ms", "balance_minor", "simulated_because", "reader_serial", "merchant_id")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    RETRIEVAL_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_CODE_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_CODE_FIELD_NUMBER: _ClassVar[int]
    APPROVED_AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    LAST_FOUR_FIELD_NUMBER: _ClassVar[int]
    SCHEME_FIELD_NUMBER: _ClassVar[int]
    ISSUER_DATA_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_DATE_FIELD_NUMBER: _ClassVar[int]
    PROCESSOR_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    BALANCE_MINOR_FIELD_NUMBER: _ClassVar[int]
    SIMULATED_BECAUSE_FIELD_NUMBER: _ClassVar[int]
    READER_SERIAL_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    version: int
    payment_id: bytes
    revision: int
    record_number: str
    retrieval_reference: str
    context_digest: bytes
    outcome: Outcome
    response_code: str
    approval_code: str
    approved_amount_minor: int
    currency: int
    last_four: str
    scheme: str
    issuer_data: bytes
    settlement_date: int
    processor_time_ms: int
    valid_until_ms: int
    balance_minor: int
    simulated_because: str
    reader_serial: str
    merchant_id: str
    def __init__(self, version: _Optional[int] = ..., payment_id: _Optional[bytes] = ..., revision: _Optional[int] = ..., record_number: _Optional[str] = ..., retrieval_reference: _Optional[str] = ..., context_digest: _Optional[bytes] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., response_code: _Optional[str] = ..., approval_code: _Optional[str] = ..., approved_amount_minor: _Optional[int] = ..., currency: _Optional[int] = ..., last_four: _Optional[str] = ..., scheme: _Optional[str] = ..., issuer_data: _Optional[bytes] = ..., settlement_date: _Optional[int] = ..., processor_time_ms: _Optional[int] = ..., valid_until_ms: _Optional[int] = ..., balance_minor: _Optional[int] = ..., simulated_because: _Optional[str] = ..., reader_serial: _Optional[str] = ..., merchant_id: _Optional[str] = ...) -> None: ...

class SignedResult(_message.Message):
    __slots__ = ("result", "signature", "key_id")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    result: bytes
    signature: bytes
    key_id: bytes
    def __init__(self, result: _Optional[bytes] = ..., signature: _Optional[bytes] = ..., key_id: _Optional[bytes] = ...) -> None: ...

class Completion(_message.Message):
    __slots__ = ("version", "payment_id", "result_digest", "card_outcome", "emv_data", "reader_time_ms")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    CARD_OUTCOME_FIELD_NUMBER: _ClassVar[int]
    EMV_DATA_FIELD_NUMBER: _ClassVar[int]
    READER_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    version: int
    payment_id: bytes
    result_digest: bytes
    card_outcome: CardOutcome
    emv_data: bytes
    reader_time_ms: int
    def __init__(self, version: _Optional[int] = ..., payment_id: _Optional[bytes] = ..., result_digest: _Optional[bytes] = ..., card_outcome: _Optional[_Union[CardOutcome, str]] = ..., emv_data: _Optional[bytes] = ..., reader_time_ms: _Optional[int] = ...) -> None: ...

class SignedCompletion(_message.Message):
    __slots__ = ("completion", "signature")
    COMPLETION_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    completion: bytes
    signature: bytes
    def __init__(self, completion: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class PaymentFault(_message.Message):
    __slots__ = ("code", "message", "certainty", "next_step", "retry_after_ms")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    CERTAINTY_FIELD_NUMBER: _ClassVar[int]
    NEXT_STEP_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    certainty: Certainty
    next_step: NextStep
    retry_after_ms: int
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ..., certainty: _Optional[_Union[Certainty, str]] = ..., next_step: _Optional[_Union[NextStep, str]] = ..., retry_after_ms: _Optional[int] = ...) -> None: ...
