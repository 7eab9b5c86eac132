"""Certificates of readers and terminals, checked against the roots."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from cardlane.errors import PaymentError
from cardlane.keys.v1 import keys_pb2 as keys
from cardlane.sealing.dsse import PayloadType, has_threshold
from cardlane.sealing.ed25519 import Verifier
from cardlane.sealing.rejected import RejectedError
from cardlane.strict_decode import strict_decode

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROOT_KEYS = 3
ROOT_SIGNATURES_MIN = 2

_SERIAL = re.compile(r"[A-Z0-9-]{1,20}")
_TERMINAL_ID = re.compile(r"[A-Z0-9]{8}")
_MERCHANT_ID = re.compile(r"[A-Z0-9]{15}")


@dataclass(frozen=True)
class TrustedRoots:
    """The public keys that a program trusts from its installation on, three of each root."""

    vendor: Sequence[Verifier]
    acquirer: Sequence[Verifier]
    processor: Sequence[Verifier]
    is_development: bool

    @classmethod
    def parse(cls, wire: keys.TrustedRoots) -> TrustedRoots:
        """Raise ValueError when a root is not three keys: such an installation must not start."""
        all_keys = (wire.vendor_keys, wire.acquirer_keys, wire.processor_keys)
        if any(len(root) != _ROOT_KEYS for root in all_keys):
            raise ValueError(f"trusted roots need {_ROOT_KEYS} keys of each root")
        vendor, acquirer, processor = ([Verifier(key) for key in root] for root in all_keys)
        return cls(vendor, acquirer, processor, wire.development)


@dataclass(frozen=True)
class ReaderCertificate:
    """A verified reader certificate."""

    wire: keys.ReaderCertificate
    id: bytes
    """First 8 bytes of SHA-512 of the payload."""
    digest: bytes
    """SHA-512 of the payload: what the terminal's Hello names."""


@dataclass(frozen=True)
class TerminalCertificate:
    """A verified terminal certificate. Merchant facts come from here alone."""

    wire: keys.TerminalCertificate
    id: bytes
    digest: bytes


def verify_reader_certificate(
    envelope: keys.SignedEnvelope, roots: TrustedRoots, now_ms: int
) -> ReaderCertificate:
    """Raise PaymentError CERTIFICATE_REJECTED whatever is wrong."""
    wire = _open(keys.ReaderCertificate, "reader-certificate", envelope, roots.vendor)
    _require_valid(wire, roots, now_ms)
    if not _SERIAL.fullmatch(wire.serial):
        raise _rejected("serial")
    _require_strict_keys(wire.identity_key, wire.signing_key)
    digest = hashlib.sha512(envelope.payload).digest()
    return ReaderCertificate(wire, digest[:8], digest)


def verify_terminal_certificate(
    envelope: keys.SignedEnvelope, roots: TrustedRoots, now_ms: int
) -> TerminalCertificate:
    """Raise PaymentError CERTIFICATE_REJECTED whatever is wrong."""
    wire = _open(keys.TerminalCertificate, "terminal-certificate", envelope, roots.acquirer)
    _require_valid(wire, roots, now_ms)
    if not _TERMINAL_ID.fullmatch(wire.terminal_id) or not _MERCHANT_ID.fullmatch(wire.merchant_id):
        raise _rejected("identifiers")
    _require_strict_keys(wire.identity_key, wire.signing_key)
    digest = hashlib.sha512(envelope.payload).digest()
    return TerminalCertificate(wire, digest[:8], digest)


C = TypeVar("C", keys.ReaderCertificate, keys.TerminalCertificate)


def _open(
    message_type: type[C],
    payload_type: PayloadType,
    envelope: keys.SignedEnvelope,
    trusted_keys: Sequence[Verifier],
) -> C:
    """Signatures first, then the one canonical serialisation."""
    if not has_threshold(payload_type, envelope, trusted_keys, ROOT_SIGNATURES_MIN):
        raise _rejected("signatures")
    try:
        return strict_decode(message_type, envelope.payload)
    except PaymentError as error:
        raise _rejected("serialisation") from error


def _require_valid(
    wire: keys.ReaderCertificate | keys.TerminalCertificate, roots: TrustedRoots, now_ms: int
) -> None:
    if wire.version != 1:
        raise _rejected("version")
    if not wire.not_before_ms <= now_ms <= wire.not_after_ms:
        raise _rejected("dates")
    if wire.development and not roots.is_development:
        raise _rejected("development")


def _require_strict_keys(*public_keys: bytes) -> None:
    try:
        for public_key in public_keys:
            Verifier(public_key)
    except RejectedError as error:
        raise _rejected("public key") from error


def _rejected(reason: str) -> PaymentError:
    """One outward failure for everything; the reason is for the security log alone."""
    error = PaymentError("CERTIFICATE_REJECTED", "certificate rejected")
    error.__cause__ = RejectedError(reason)
    return error
