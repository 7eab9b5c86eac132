"""AES-128 DUKPT (ANSI X9.24-3:2017, 6.3 to 6.5): one PIN key for each payment."""

from __future__ import annotations

from typing import NamedTuple

from cardlane.sealing.aes import encipher_block

KEY_SERIAL_NUMBER_BYTES = 12
INITIAL_KEY_ID_BYTES = 8
KEY_BYTES = 16

_USAGE_PIN_ENCRYPTION = 0x1000
_USAGE_KEY_DERIVATION = 0x8000
_USAGE_INITIAL_KEY = 0x8001

# A counter with more one-bits is skipped, so that no key is more than 16 derivations deep.
_ONE_BITS_MAX = 16
# The last counter with 16 one-bits: after it the device needs a new initial key.
_COUNTER_MAX = 0xFFFF0000
_REGISTERS = 32
_STATE_VERSION = 1
_KEYS_OFFSET = 1 + KEY_SERIAL_NUMBER_BYTES
_STATE_BYTES = _KEYS_OFFSET + _REGISTERS * KEY_BYTES
_ERASED = bytes(KEY_BYTES)


class PinKey(NamedTuple):
    """The key of one payment (16 bytes), and its name (12 bytes)."""

    key_serial_number: bytes
    key: bytes


class DukptRegister:
    """The device's side: 32 intermediate keys, one for each bit of the counter.

    A key is erased as soon as it was used and its children were derived, so a stolen device gives
    none of the PIN keys that it used before.
    """

    def __init__(self, initial_key_id: bytes, keys: list[bytes], counter: int) -> None:
        self.initial_key_id = initial_key_id
        self._keys = keys
        self._counter = counter  # of the next payment; 0 when all keys are used

    @classmethod
    def load(cls, initial_key_id: bytes, initial_key: bytes) -> DukptRegister:
        """Fill a new device's register. The initial key is of no use afterwards: destroy it."""
        if len(initial_key_id) != INITIAL_KEY_ID_BYTES or len(initial_key) != KEY_BYTES:
            raise ValueError("initial key id and initial key have 8 and 16 bytes")
        register = cls(initial_key_id, [_ERASED] * _REGISTERS, 0)
        register._derive_below(_REGISTERS, initial_key)
        register._counter = 1
        return register

    @classmethod
    def parse(cls, state: bytes) -> DukptRegister:
        """Continue with what `serialize` returned. Raises ValueError when it is not whole."""
        if len(state) != _STATE_BYTES or state[0] != _STATE_VERSION:
            raise ValueError(f"a DUKPT register has {_STATE_BYTES} bytes and version 1")
        starts = range(_KEYS_OFFSET, _STATE_BYTES, KEY_BYTES)
        register = cls(
            state[1 : 1 + INITIAL_KEY_ID_BYTES],
            [state[start : start + KEY_BYTES] for start in starts],
            int.from_bytes(state[1 + INITIAL_KEY_ID_BYTES : _KEYS_OFFSET]),
        )
        if not register._is_whole():
            raise ValueError("a DUKPT register does not match its counter")
        return register

    def serialize(self) -> bytes:
        """Return version 1, initial key id[8], counter u32 big-endian, 32 keys: 525 bytes."""
        return bytes([_STATE_VERSION]) + self._key_serial_number() + b"".join(self._keys)

    def next_pin_key(self) -> PinKey:
        """Return the key of the next payment.

        Store `serialize()` durably before the key is used: a crash then loses a key, and never
        repeats one. Raises RuntimeError when the device has used all its keys.
        """
        if self._counter == 0:
            raise RuntimeError("the reader has used all its PIN keys")
        serial_number = self._key_serial_number()
        position = _lowest_one_bit(self._counter)
        key = self._keys[position]
        pin_key = _derive(key, _USAGE_PIN_ENCRYPTION, self.initial_key_id, self._counter)
        if self._counter.bit_count() < _ONE_BITS_MAX:
            self._derive_below(position, key)
        self._keys[position] = _ERASED
        self._counter = _next_counter(self._counter)
        return PinKey(serial_number, pin_key)

    def _derive_below(self, position: int, key: bytes) -> None:
        """Fill the registers under `position` with the children of `key`."""
        for below in range(position):
            counter = self._counter + (1 << below)
            self._keys[below] = _derive(key, _USAGE_KEY_DERIVATION, self.initial_key_id, counter)

    def _key_serial_number(self) -> bytes:
        return self.initial_key_id + self._counter.to_bytes(4)

    def _is_whole(self) -> bool:
        """Tell whether lowest one-bit and zero-bits above it are filled, and no more."""
        filled = [key != _ERASED for key in self._keys]
        if self._counter == 0:
            return not any(filled)
        if self._counter > _COUNTER_MAX or self._counter.bit_count() > _ONE_BITS_MAX:
            return False
        lowest = _lowest_one_bit(self._counter)
        return all(
            filled[position]
            == (position == lowest or (position > lowest and not self._counter >> position & 1))
            for position in range(_REGISTERS)
        )


def derive_initial_key(base_derivation_key: bytes, initial_key_id: bytes) -> bytes:
    """Return the key that is loaded into one device: 16 bytes. For whoever makes devices."""
    return encipher_block(base_derivation_key, _head(_USAGE_INITIAL_KEY) + initial_key_id)


def _derive(key: bytes, usage: int, initial_key_id: bytes, counter: int) -> bytes:
    """One derivation: AES(key, head, last 4 bytes of the initial key id, counter u32)."""
    return encipher_block(key, _head(usage) + initial_key_id[4:] + counter.to_bytes(4))


def _head(usage: int) -> bytes:
    """Version 1, first block, usage u16, AES-128 (2), 128 bits; big-endian."""
    return b"\x01\x01" + usage.to_bytes(2) + b"\x00\x02\x00\x80"


def _next_counter(counter: int) -> int:
    """Return the next counter with at most 16 one-bits; 0 when there is none."""
    if counter == _COUNTER_MAX:
        return 0
    # With 16 one-bits the children would have 17: adding the lowest bit skips all of them.
    step = 1 if counter.bit_count() < _ONE_BITS_MAX else 1 << _lowest_one_bit(counter)
    return counter + step


def _lowest_one_bit(counter: int) -> int:
    return (counter & -counter).bit_length() - 1
