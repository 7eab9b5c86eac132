"""What a reader must not forget, and the only place that knows how it is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cardlane.errors import PaymentError
from cardlane.payment.v1 import payment_pb2 as payment
from cardlane.sealing.dukpt import DukptRegister, PinKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardlane.simulated_reader.durable_files import DurableFiles

# Payment ids that the reader remembers having taken a counter for; the oldest goes first.
_TAKEN_IDS_MAX = 1_024
_ID_BYTES = 16
_COUNTER_BYTES = 8

_COUNTER = "counter.bin"
_REGISTER = "dukpt-register.bin"
_PAIRING = "pairing.bin"
_MANIFEST = "manifest.bin"
_SIGNED_PREFIX = "signed-"


class ReaderStore:
    """Counter, PIN key register, pairing, manifest, and signed payments until they are answered.

    `new_register` makes the PIN key register of a reader that starts for the first time.
    """

    def __init__(self, files: DurableFiles, new_register: Callable[[], DukptRegister]) -> None:
        self._files = files
        self._register = self._open_register(new_register)
        counter_file = files.read(_COUNTER) or bytes(_COUNTER_BYTES)
        self._counter = int.from_bytes(counter_file[:_COUNTER_BYTES])
        ids = counter_file[_COUNTER_BYTES:]
        self._taken_ids = [ids[at : at + _ID_BYTES] for at in range(0, len(ids), _ID_BYTES)]
        self._merchant_id = (files.read(_PAIRING) or b"").decode()

    @property
    def merchant_id(self) -> str:
        """The merchant this reader is paired with; empty before its first session."""
        return self._merchant_id

    def pair_with(self, merchant_id: str) -> None:
        """Belong to this merchant for ever."""
        self._files.write(_PAIRING, merchant_id.encode())
        self._merchant_id = merchant_id

    def is_taken(self, payment_id: bytes) -> bool:
        """Tell whether this id has had its counter value."""
        return payment_id in self._taken_ids

    def take_counter(self, payment_id: bytes) -> int:
        """Return the next counter value, for this payment alone.

        Counter and id are stored together before either is used: a crash can waste a value, but
        never repeat one or sign a second time for one id. Raises PaymentError ALREADY_SIGNED.
        """
        if self.is_taken(payment_id):
            raise PaymentError("ALREADY_SIGNED", "the reader has signed this payment_id already")
        # Taken in memory first: should the disk fail halfway, nobody knows which value it holds.
        self._counter += 1
        self._taken_ids = [*self._taken_ids, payment_id][-_TAKEN_IDS_MAX:]
        head = self._counter.to_bytes(_COUNTER_BYTES)
        self._files.write(_COUNTER, head + b"".join(self._taken_ids))
        return self._counter

    def take_pin_key(self) -> PinKey:
        """Return the PIN key of one payment. The register without it is stored first."""
        taken = self._register.next_pin_key()
        self._files.write(_REGISTER, self._register.serialize())
        return taken

    def keep(self, payment_id: bytes, signed: payment.SignedPayment) -> None:
        """Store signed bytes, so that the same ones can be sent again."""
        self._files.write(_signed_name(payment_id), signed.SerializeToString())

    def kept(self, payment_id: bytes) -> payment.SignedPayment | None:
        """Return the signed bytes of a payment that was not answered."""
        stored = self._files.read(_signed_name(payment_id))
        return None if stored is None else payment.SignedPayment.FromString(stored)

    def drop(self, payment_id: bytes) -> None:
        """Forget signed bytes."""
        self._files.remove(_signed_name(payment_id))

    def drop_submittable_until(self, time_ms: int) -> None:
        """Forget every payment that had to be submitted before `time_ms`."""
        for name in self._files.names(_SIGNED_PREFIX):
            signed = payment.SignedPayment.FromString(self._files.read(name) or b"")
            if context_of(signed).submit_before_ms <= time_ms:
                self._files.remove(name)

    def read_manifest(self) -> bytes | None:
        """Return what `write_manifest` got last."""
        return self._files.read(_MANIFEST)

    def write_manifest(self, data: bytes) -> None:
        """Store the newest manifest."""
        self._files.write(_MANIFEST, data)

    def _open_register(self, new_register: Callable[[], DukptRegister]) -> DukptRegister:
        stored = self._files.read(_REGISTER)
        if stored is not None:
            return DukptRegister.parse(stored)
        register = new_register()
        self._files.write(_REGISTER, register.serialize())
        return register


def context_of(signed: payment.SignedPayment) -> payment.PaymentContext:
    """Return the context of bytes that this reader signed itself."""
    body = payment.ReaderPayment.FromString(signed.reader_payment)
    return payment.PaymentContext.FromString(body.context)


def _signed_name(payment_id: bytes) -> str:
    return f"{_SIGNED_PREFIX}{payment_id.hex()}.bin"
