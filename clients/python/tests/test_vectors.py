"""The published vectors: Salt Channel, sealed boxes, DUKPT and PIN blocks, Ed25519."""

from __future__ import annotations

import os
from typing import Any

import pytest
from nacl.public import PrivateKey, SealedBox
from vectors import flipped, read_vectors

from cardlane.sealing.dukpt import DukptRegister, derive_initial_key
from cardlane.sealing.ed25519 import Signer, Verifier
from cardlane.sealing.pin_block import encipher_pin_block
from cardlane.sealing.rejected import RejectedError
from cardlane.sealing.salt_channel import SaltClient
from cardlane.sealing.sealed_box import seal

hex_bytes = bytes.fromhex
SALT = read_vectors("salt-channel-v2-appendix-a")
DUKPT = read_vectors("aes-dukpt-iso9564-format4")
SEALED_BOXES = read_vectors("sealed-box")["vectors"]
VERDICTS = read_vectors("ed25519-verdicts")["vectors"]


def salt_client() -> SaltClient:
    seed = hex_bytes(SALT["client_sig_sk"])[:32]
    ephemeral = hex_bytes(SALT["client_ephemeral_sk"])
    return SaltClient(Signer(seed), lambda _: ephemeral, 0, is_time_used=False)


def test_salt_session_is_the_published_one_byte_for_byte() -> None:
    client = salt_client()
    assert client.m1.hex() == SALT["m1"]
    client.receive_m2(hex_bytes(SALT["m2"]), 0)
    server_public_key = client.receive_m3(hex_bytes(SALT["encrypted_m3"]), 0)
    assert server_public_key.hex() == SALT["server_sig_sk"][64:]
    m4, channel = client.accept_server(0)
    assert m4.hex() == SALT["encrypted_m4"]
    request, answer = SALT["app_packet_client"], SALT["app_packet_server"]
    assert channel.seal(hex_bytes(request["data"]), 0).hex() == request["packet"]
    # The published answer has the last flag, which is refused here; without it, it opens.
    assert channel.open(hex_bytes("0600" + answer["packet"][4:]), 0).hex() == answer["data"]


def test_salt_packet_with_the_last_flag_is_refused() -> None:
    client = salt_client()
    client.receive_m2(hex_bytes(SALT["m2"]), 0)
    client.receive_m3(hex_bytes(SALT["encrypted_m3"]), 0)
    _, channel = client.accept_server(0)
    with pytest.raises(RejectedError):
        channel.open(hex_bytes(SALT["app_packet_server"]["packet"]), 0)


@pytest.mark.parametrize("byte", range(0, 120, 7))
def test_salt_m3_with_one_flipped_bit_is_refused(byte: int) -> None:
    client = salt_client()
    client.receive_m2(hex_bytes(SALT["m2"]), 0)
    with pytest.raises(RejectedError):
        client.receive_m3(flipped(hex_bytes(SALT["encrypted_m3"]), byte), 0)


@pytest.mark.parametrize("vector", SEALED_BOXES, ids=lambda v: f"{len(v['message']) // 2} bytes")
def test_sealed_boxes(vector: dict[str, str]) -> None:
    key = PrivateKey(hex_bytes(vector["secret_key"]))
    message, sealed = hex_bytes(vector["message"]), hex_bytes(vector["sealed"])
    assert SealedBox(key).decrypt(sealed) == message
    # The vector's ephemeral key is not published, so a fresh box is opened by libsodium.
    fresh = seal(hex_bytes(vector["public_key"]), message, os.urandom)
    assert len(fresh) == len(message) + 48
    assert SealedBox(key).decrypt(fresh) == message


def test_dukpt_initial_key() -> None:
    derived = derive_initial_key(hex_bytes(DUKPT["bdk"]), hex_bytes(DUKPT["initial_key_id"]))
    assert derived == hex_bytes(DUKPT["initial_key"])


def test_dukpt_pin_keys_and_pin_blocks() -> None:
    initial_key_id = hex_bytes(DUKPT["initial_key_id"])
    register = DukptRegister.load(initial_key_id, hex_bytes(DUKPT["initial_key"]))
    pin_field_random = hex_bytes(DUKPT["pin_field"])[8:]
    for expected in DUKPT["transactions"]:
        serial_number, pin_key = register.next_pin_key()
        assert serial_number == initial_key_id + expected["counter"].to_bytes(4)
        assert pin_key == hex_bytes(expected["pin_encryption_key"])
        block = encipher_pin_block(
            pin_key=pin_key, pin=DUKPT["pin"], pan=DUKPT["pan"], random=lambda _: pin_field_random
        )
        assert block == hex_bytes(expected["encrypted_pin_block"])
        register = DukptRegister.parse(register.serialize())


@pytest.mark.parametrize("byte", [0, 12, 13, 300])
def test_damaged_dukpt_register_is_refused(byte: int) -> None:
    register = DukptRegister.load(bytes(8), hex_bytes(DUKPT["initial_key"]))
    register.next_pin_key()
    state = bytearray(register.serialize())
    state[byte] ^= 0xFF
    if byte > 12:  # a key that should be there is erased
        state[13 + 16 : 13 + 32] = bytes(16)
    with pytest.raises(ValueError, match="DUKPT register"):
        DukptRegister.parse(bytes(state))


@pytest.mark.parametrize(
    ("counter", "following"),
    [(1, 2), (0x0000FFFF, 0x00010000), (0x0001FFFE, 0x00020000), (0xFFFF0000, 0)],
    ids=hex,
)
def test_dukpt_counter_never_has_more_than_16_one_bits(counter: int, following: int) -> None:
    keys = [bytes([position + 1]) * 16 for position in range(32)]
    register = DukptRegister(bytes(8), keys, counter)
    register.next_pin_key()
    assert int.from_bytes(register.serialize()[9:13]) == following


@pytest.mark.parametrize("vector", VERDICTS, ids=lambda v: str(v["name"]))
def test_ed25519_verdicts(vector: dict[str, Any]) -> None:
    try:
        verifier = Verifier(hex_bytes(vector["public_key"]))
        message, signature = hex_bytes(vector["message"]), hex_bytes(vector["signature"])
        verdict = "accepted" if verifier.verify(message, signature) else "refused"
    except RejectedError:
        verdict = "refused"
    assert verdict == vector["expect"], vector["why"]
