from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class KeyPurpose(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    KEY_PURPOSE_UNSPECIFIED: _ClassVar[KeyPurpose]
    KEY_PURPOSE_PROCESSOR_CARD: _ClassVar[KeyPurpose]
    KEY_PURPOSE_PIN_SERVICE: _ClassVar[KeyPurpose]
    KEY_PURPOSE_PROCESSOR_HOP: _ClassVar[KeyPurpose]
    KEY_PURPOSE_PROCESSOR_RESULT: _ClassVar[KeyPurpose]
KEY_PURPOSE_UNSPECIFIED: KeyPurpose
KEY_PURPOSE_PROCESSOR_CARD: KeyPurpose
KEY_PURPOSE_PIN_SERVICE: KeyPurpose
KEY_PURPOSE_PROCESSOR_HOP: KeyPurpose
KEY_PURPOSE_PROCESSOR_RESULT: KeyPurpose

class SignedEnvelope(_message.Message):
    __slots__ = ("payload", "signatures")
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    payload: bytes
    signatures: _containers.RepeatedCompositeFieldContainer[EnvelopeSignature]
    def __init__(self, payload: _Optional[bytes] = ..., signatures: _Optional[_Iterable[_Union[EnvelopeSignature, _Mapping]]] = ...) -> None: ...

class EnvelopeSignature(_message.Message):
    __slots__ = ("key_id", "signature")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    key_id: bytes
    signature: bytes
    def __init__(self, key_id: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class ReaderCertificate(_message.Message):
    __slots__ = ("version", "serial", "identity_key", "signing_key", "model", "dukpt_initial_key_id", "not_before_ms", "not_after_ms", "development")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_KEY_FIELD_NUMBER: _ClassVar[int]
    SIGNING_KEY_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    DUKPT_INITIAL_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_MS_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    DEVELOPMENT_FIELD_NUMBER: _ClassVar[int]
    version: int
    serial: str
    identity_key: bytes
    signing_key: bytes
    model: str
    dukpt_initial_key_id: bytes
    not_before_ms: int
    not_after_ms: int
    development: bool
    def __init__(self, version: _Optional[int] = ..., serial: _Optional[str] = ..., identity_key: _Optional[bytes] = ..., signing_key: _Optional[bytes] = ..., model: _Optional[str] = ..., dukpt_initial_key_id: _Optional[bytes] = ..., not_before_ms: _Optional[int] = ..., not_after_ms: _Optional[int] = ..., development: _Optional[bool] = ...) -> None: ...

class TerminalCertificate(_message.Message):
    __slots__ = ("version", "terminal_id", "merchant_id", "merchant_name", "country", "merchant_category_code", "identity_key", "signing_key", "not_before_ms", "not_after_ms", "development")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_ID_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_ID_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_NAME_FIELD_NUMBER: _ClassVar[int]
    COUNTRY_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_CATEGORY_CODE_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_KEY_FIELD_NUMBER: _ClassVar[int]
    SIGNING_KEY_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_MS_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    DEVELOPMENT_FIELD_NUMBER: _ClassVar[int]
    version: int
    terminal_id: str
    merchant_id: str
    merchant_name: str
    country: int
    merchant_category_code: int
    identity_key: bytes
    signing_key: bytes
    not_before_ms: int
    not_after_ms: int
    development: bool
    def __init__(self, version: _Optional[int] = ..., terminal_id: _Optional[str] = ..., merchant_id: _Optional[str] = ..., merchant_name: _Optional[str] = ..., country: _Optional[int] = ..., merchant_category_code: _Optional[int] = ..., identity_key: _Optional[bytes] = ..., signing_key: _Optional[bytes] = ..., not_before_ms: _Optional[int] = ..., not_after_ms: _Optional[int] = ..., development: _Optional[bool] = ...) -> None: ...

class RelayCertificate(_message.Message):
    __slots__ = ("version", "relay_id", "hop_key", "signing_key", "not_before_ms", "not_after_ms", "development")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    RELAY_ID_FIELD_NUMBER: _ClassVar[int]
    HOP_KEY_FIELD_NUMBER: _ClassVar[int]
    SIGNING_KEY_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_MS_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    DEVELOPMENT_FIELD_NUMBER: _ClassVar[int]
    version: int
    relay_id: str
    hop_key: bytes
    signing_key: bytes
    not_before_ms: int
    not_after_ms: int
    development: bool
    def __init__(self, version: _Optional[int] = ..., relay_id: _Optional[str] = ..., hop_key: _Optional[bytes] = ..., signing_key: _Optional[bytes] = ..., not_before_ms: _Optional[int] = ..., not_after_ms: _Optional[int] = ..., development: _Optional[bool] = ...) -> None: ...

class ManifestKey(_message.Message):
    __slots__ = ("key_id", "purpose", "public_key", "not_before_ms", "not_after_ms")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_MS_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    key_id: bytes
    purpose: KeyPurpose
    public_key: bytes
    not_before_ms: int
    not_after_ms: int
    def __init__(self, key_id: _Optional[bytes] = ..., purpose: _Optional[_Union[KeyPurpose, str]] = ..., public_key: _Optional[bytes] = ..., not_before_ms: _Optional[int] = ..., not_after_ms: _Optional[int] = ...) -> None: ...

class KeyManifest(_message.Message):
    __slots__ = ("version", "number", "issued_at_ms", "expires_at_ms", "keys", "revoked_certificate_ids", "development")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ISSUED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_MS_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    REVOKED_CERTIFICATE_IDS_FIELD_NUMBER: _ClassVar[int]
    DEVELOPMENT_FIELD_NUMBER: _ClassVar[int]
    version: int
    number: int
    issued_at_ms: int
    expires_at_ms: int
    keys: _containers.RepeatedCompositeFieldContainer[ManifestKey]
    revoked_certificate_ids: _containers.RepeatedScalarFieldContainer[bytes]
    development: bool
    def __init__(self, version: _Optional[int] = ..., number: _Optional[int] = ..., issued_at_ms: _Optional[int] = ..., expires_at_ms: _Optional[int] = ..., keys: _Optional[_Iterable[_Union[ManifestKey, _Mapping]]] = ..., revoked_certificate_ids: _Optional[_Iterable[bytes]] = ..., development: _Optional[bool] = ...) -> None: ...

class ManifestDelegation(_message.Message):
    __slots__ = ("version", "signer_key", "not_before_ms", "not_after_ms")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SIGNER_KEY_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_MS_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    version: int
    signer_key: bytes
    not_before_ms: int
    not_after_ms: int
    def __init__(self, version: _Optional[int] = ..., signer_key: _Optional[bytes] = ..., not_before_ms: _Optional[int] = ..., not_after_ms: _Optional[int] = ...) -> None: ...

class DelegatedManifest(_message.Message):
    __slots__ = ("delegation", "manifest")
    DELEGATION_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_FIELD_NUMBER: _ClassVar[int]
    delegation: SignedEnvelope
    manifest: SignedEnvelope
    def __init__(self, delegation: _Optional[_Union[SignedEnvelope, _Mapping]] = ..., manifest: _Optional[_Union[SignedEnvelope, _Mapping]] = ...) -> None: ...

class Enrolment(_message.Message):
    __slots__ = ("version", "challenge", "subject", "public_keys")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CHALLENGE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEYS_FIELD_NUMBER: _ClassVar[int]
    version: int
    challenge: bytes
    subject: str
    public_keys: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, version: _Optional[int] = ..., challenge: _Optional[bytes] = ..., subject: _Optional[str] = ..., public_keys: _Optional[_Iterable[bytes]] = ...) -> None: ...

class TrustedRoots(_message.Message):
    __slots__ = ("vendor_keys", "acquirer_keys", "processor_keys", "development")
    VENDOR_KEYS_FIELD_NUMBER: _ClassVar[int]
    ACQUIRER_KEYS_FIELD_NUMBER: _ClassVar[int]
    PROCESSOR_KEYS_FIELD_NUMBER: _ClassVar[int]
    DEVELOPMENT_FIELD_NUMBER: _ClassVar[int]
    vendor_keys: _containers.RepeatedScalarFieldContainer[bytes]
    acquirer_keys: _containers.RepeatedScalarFieldContainer[bytes]
    processor_keys: _containers.RepeatedScalarFieldContainer[bytes]
    development: bool
    def __init__(self, vendor_keys: _Optional[_Iterable[bytes]] = ..., acquirer_keys: _Optional[_Iterable[bytes]] = ..., processor_keys: _Optional[_Iterable[bytes]] = ..., development: _Optional[bool] = ...) -> None: ...
