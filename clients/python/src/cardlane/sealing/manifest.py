"""The processor's signed list of keys in use and revoked certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cardlane.errors import PaymentError
from cardlane.keys.v1 import keys_pb2 as keys
from cardlane.sealing.certificates import ROOT_SIGNATURES_MIN, TrustedRoots
from cardlane.sealing.dsse import has_threshold
from cardlane.sealing.ed25519 import Verifier, key_id
from cardlane.sealing.rejected import RejectedError
from cardlane.strict_decode import strict_decode

if TYPE_CHECKING:
    from collections.abc import Callable

# A manifest may be used for seven days at most; a frozen one goes stale by itself.
_LIFE_MS_MAX = 7 * 86_400_000
_KEYS_MAX = 16
_REVOCATIONS_MAX = 200
_KEY_BYTES = 32


class Manifest:
    """A verified key manifest."""

    def __init__(self, wire: keys.KeyManifest) -> None:
        self.wire = wire
        self.number = wire.number

    def is_valid_at(self, now_ms: int) -> bool:
        """Tell whether it may be used for sealing."""
        return self.wire.issued_at_ms <= now_ms <= self.wire.expires_at_ms

    def is_revoked(self, certificate_id: bytes) -> bool:
        """Tell whether the certificate of that id (8 bytes) is revoked."""
        return certificate_id in self.wire.revoked_certificate_ids

    def current_key(self, purpose: keys.KeyPurpose, now_ms: int) -> keys.ManifestKey:
        """Return the key to seal with now: of those valid, the one that came into use last."""
        usable = [
            key
            for key in self.wire.keys
            if key.purpose == purpose and key.not_before_ms <= now_ms <= key.not_after_ms
        ]
        if not usable:
            name = keys.KeyPurpose.Name(purpose)
            raise PaymentError("KEY_NOT_VALID", f"manifest has no valid key of purpose {name}")
        return max(usable, key=lambda key: key.not_before_ms)

    def result_key(self, wanted_id: bytes) -> keys.ManifestKey | None:
        """Return the key of that id for results, also when it has expired."""
        for key in self.wire.keys:
            if key.purpose == keys.KEY_PURPOSE_PROCESSOR_RESULT and key.key_id == wanted_id:
                return key
        return None


def verify_manifest(
    delegated: keys.DelegatedManifest, roots: TrustedRoots, *, now_ms: int, lowest_number: int
) -> Manifest:
    """Verify root, delegation, manifest.

    `lowest_number` is that of the newest manifest seen before: a lower one is a rollback. Raises
    PaymentError KEY_NOT_VALID whatever is wrong.
    """
    try:
        return _open(delegated, roots, now_ms, lowest_number)
    except (RejectedError, PaymentError) as error:
        raise PaymentError("KEY_NOT_VALID", "key manifest rejected") from error


def _open(
    delegated: keys.DelegatedManifest, roots: TrustedRoots, now_ms: int, lowest_number: int
) -> Manifest:
    signer = _open_delegation(delegated.delegation, roots, now_ms)
    if not has_threshold("manifest", delegated.manifest, [signer], 1):
        raise RejectedError("manifest signature")
    wire = strict_decode(keys.KeyManifest, delegated.manifest.payload)
    is_ok = {
        "version": wire.version == 1,
        "number": wire.number >= max(1, lowest_number),
        "dates": wire.issued_at_ms <= now_ms <= wire.expires_at_ms,
        "life": wire.expires_at_ms - wire.issued_at_ms <= _LIFE_MS_MAX,
        "development": roots.is_development or not wire.development,
        "keys": 1 <= len(wire.keys) <= _KEYS_MAX and all(map(_is_consistent, wire.keys)),
        "revocations": len(wire.revoked_certificate_ids) <= _REVOCATIONS_MAX,
    }
    for reason, is_right in is_ok.items():
        if not is_right:
            raise RejectedError(f"manifest {reason}")
    return Manifest(wire)


def _open_delegation(envelope: keys.SignedEnvelope, roots: TrustedRoots, now_ms: int) -> Verifier:
    if not has_threshold("manifest-delegation", envelope, roots.processor, ROOT_SIGNATURES_MIN):
        raise RejectedError("delegation signatures")
    wire = strict_decode(keys.ManifestDelegation, envelope.payload)
    if wire.version != 1 or not wire.not_before_ms <= now_ms <= wire.not_after_ms:
        raise RejectedError("delegation")
    return Verifier(wire.signer_key)


def _is_consistent(key: keys.ManifestKey) -> bool:
    return (
        len(key.public_key) == _KEY_BYTES
        and key_id(key.public_key) == key.key_id
        and key.purpose != keys.KEY_PURPOSE_UNSPECIFIED
    )


class KeptManifest:
    """The newest manifest that a reader has seen.

    It outlives restarts, so that nobody can lead the reader back to an older one with keys or
    certificates that were revoked since. `stored` is what `write` got last: the moment of
    acceptance as u64 big-endian Unix milliseconds, then the DelegatedManifest.
    """

    def __init__(
        self, roots: TrustedRoots, stored: bytes | None, write: Callable[[bytes], None]
    ) -> None:
        self._roots = roots
        self._write = write
        self._newest: Manifest | None = None
        if stored is not None:
            # Verified as of then: an expired manifest is no good for sealing, but its number and
            # its revocations still count.
            accepted_at_ms = int.from_bytes(stored[:8])
            delegated = keys.DelegatedManifest.FromString(stored[8:])
            self._newest = verify_manifest(delegated, roots, now_ms=accepted_at_ms, lowest_number=0)

    @property
    def number(self) -> int:
        """Number of the newest manifest; 0 for none."""
        return 0 if self._newest is None else self._newest.number

    def is_revoked(self, certificate_id: bytes) -> bool:
        """Tell whether the certificate of that id (8 bytes) is revoked."""
        return self._newest is not None and self._newest.is_revoked(certificate_id)

    def valid_at(self, now_ms: int) -> Manifest:
        """Return the newest manifest. Raises PaymentError KEY_NOT_VALID without a valid one."""
        if self._newest is None or not self._newest.is_valid_at(now_ms):
            raise PaymentError("KEY_NOT_VALID", "there is no valid key manifest")
        return self._newest

    def offer(self, delegated: keys.DelegatedManifest, now_ms: int) -> None:
        """Take a newer manifest, durably. Raises PaymentError KEY_NOT_VALID."""
        offered = verify_manifest(delegated, self._roots, now_ms=now_ms, lowest_number=self.number)
        if offered.number == self.number:
            return
        self._write(now_ms.to_bytes(8) + delegated.SerializeToString())
        self._newest = offered
