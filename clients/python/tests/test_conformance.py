"""Every vector of docs/conformance.md, each with its own verdict."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, cast

import grpc
import pytest
from google.rpc import status_pb2
from nacl.public import PrivateKey
from processor_side import (
    decipher_pin,
    open_card_box,
    open_hop_box,
    open_pin_box,
    parse_reader_payment,
)
from salt_server import SaltServer
from vectors import read_vectors, repeated

from cardlane.errors import PaymentError
from cardlane.keys.v1 import keys_pb2 as keys
from cardlane.payment.v1 import payment_pb2 as payment
from cardlane.processor.v1 import processor_pb2 as processor
from cardlane.sealing.dsse import PayloadType, digest, verify
from cardlane.sealing.ed25519 import Signer, Verifier, key_id
from cardlane.sealing.manifest import Manifest
from cardlane.sealing.rejected import RejectedError
from cardlane.sealing.results import verify_answer
from cardlane.sealing.salt_channel import SaltClient
from cardlane.till.rpc_error import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

Given = dict[str, Any]
hex_bytes = bytes.fromhex


def context(given: Given) -> Given:
    data = hex_bytes(given["reader_payment"])
    signed, _ = parse_reader_payment(data)
    return {
        "context": signed.context.hex(),
        "context_digest": digest("payment-context", signed.context).hex(),
        "idempotency_digest": hashlib.sha512(data).hexdigest(),
    }


def signature(given: Given) -> Given:
    refused = PaymentError("SIGNATURE_REJECTED", "signature rejected")
    body, signed = hex_bytes(given["body"]), hex_bytes(given["signature"])
    try:
        verifier = Verifier(hex_bytes(given["public_key"]))
    except RejectedError:
        raise refused from None
    if not verify(cast("PayloadType", given["type"]), body, signed, verifier):
        raise refused
    return {}


def box(given: Given) -> Given:
    names = ("secret_key", "context_digest", "sealed")
    secret_key, context_digest, sealed = (hex_bytes(given[name]) for name in names)
    if given["box"] == "card":
        return {"card_data": open_card_box(secret_key, context_digest, sealed).hex()}
    serial_number, block = open_pin_box(secret_key, context_digest, sealed)
    return {"key_serial_number": serial_number.hex(), "pin_block": block.hex()}


def pin_block(given: Given) -> Given:
    base_derivation_key = hex_bytes(given["base_derivation_key"])
    serial_number = hex_bytes(given["key_serial_number"])
    block = hex_bytes(given["pin_block"])
    return {"pin": decipher_pin(base_derivation_key, serial_number, given["pan"], block)}


def salt_session(given: Given) -> Given:
    return salt_client(given) if given["side"] == "client" else salt_server(given)


def salt_client(given: Given) -> Given:
    client = SaltClient(Signer(repeated(0x71)), lambda _: repeated(0x72), 0)
    client.receive_m2(hex_bytes(given["m2"]), 0)
    server_public_key = client.receive_m3(hex_bytes(given["m3"]), 0)
    m4, _ = client.accept_server(0)
    return {
        "m1": client.m1.hex(),
        "server_public_key": server_public_key.hex(),
        "m4": m4.hex(),
    }


def salt_server(given: Given) -> Given:
    ephemeral = PrivateKey(repeated(0x74))
    server = SaltServer(Signer(repeated(0x73)), hex_bytes(given["m1"]), 0, ephemeral=ephemeral)
    channel = server.receive_m4(hex_bytes(given["m4"]))
    at_ms = int(given["packets_at_ms"])
    return {
        "m2": server.m2.hex(),
        "m3": server.m3.hex(),
        "client_public_key": channel.peer_public_key.hex(),
        "data": [channel.open(hex_bytes(packet), at_ms).hex() for packet in given["packets"]],
    }


def hop_box(given: Given) -> Given:
    return {"payload": open_hop_box(given).hex()}


def box_results(given: Given) -> Given:
    verifier = Verifier(hex_bytes(given["manifest_public_key"]))
    box = processor.HopAnswer.FromString(hex_bytes(given["hop_answer"]))
    results = [one for one in box.answers if one.HasField("result")]
    body = given["relay_id"].encode() + b"".join(
        one.request_number.to_bytes(8) + digest("result", one.result.result) + one.result.signature
        for one in results
    )
    keys_named = {box.results_signature.key_id, *(one.result.key_id for one in results)}
    widths = {len(one.result.signature) for one in results}
    payload_type = "application/vnd.cardlane.box-results.v1"
    encoding = f"DSSEv1 {len(payload_type)} {payload_type} {len(body)} ".encode() + body
    is_whole = len(results) > 1 and keys_named == {verifier.key_id} and widths == {64}
    if not is_whole or not verifier.verify(encoding, box.results_signature.signature):
        raise PaymentError("SIGNATURE_REJECTED", "signature rejected")
    return {"signed": body.hex()}


def result(given: Given) -> Given:
    public_key = hex_bytes(given["manifest_public_key"])
    key = keys.ManifestKey(
        key_id=key_id(public_key),
        purpose=keys.KEY_PURPOSE_PROCESSOR_RESULT,
        public_key=public_key,
        not_before_ms=int(given["manifest_not_before_ms"]),
        not_after_ms=int(given["manifest_not_after_ms"]),
    )
    signed = payment.SignedResult(
        result=hex_bytes(given["result"]),
        signature=hex_bytes(given["signature"]),
        key_id=hex_bytes(given["key_id"]),
    )
    answered, _ = parse_reader_payment(hex_bytes(given["reader_payment"]))
    # A vector has no time of its own: the result may be shown then.
    manifest = Manifest(keys.KeyManifest(version=1, number=1, keys=[key]))
    answer = verify_answer(signed, manifest, answered.context, now_ms=0)
    outcome = payment.Outcome.Name(answer.outcome).removeprefix("OUTCOME_")
    return {"outcome": outcome, "record_number": answer.record_number}


def error(given: Given) -> Given:
    status = hex_bytes(given["status"])
    trailers = grpc.aio.Metadata(("grpc-status-details-bin", status))
    failure = Failure.of(
        grpc.aio.AioRpcError(grpc.StatusCode.UNKNOWN, grpc.aio.Metadata(), trailers, "")
    )
    if failure.certainty == "":
        raise PaymentError("INTERNAL", "an error of somebody else")
    return {
        "code": failure.code,
        "grpc_status": str(status_pb2.Status.FromString(status).code),
        "certainty": f"CERTAINTY_{failure.certainty}",
        "next_step": f"NEXT_STEP_{failure.next_step}",
        "field": failure.field,
        "retry_after_ms": str(failure.retry_after_ms),
    }


JUDGES: dict[str, Callable[[Given], Given]] = {
    "contexts": context,
    "signatures": signature,
    "boxes": box,
    "pin-blocks": pin_block,
    "salt-sessions": salt_session,
    "hop-boxes": hop_box,
    "box-results": box_results,
    "results": result,
    "errors": error,
}
VECTORS = [(name, vector) for name in JUDGES for vector in read_vectors(name)["vectors"]]


@pytest.mark.parametrize(
    ("name", "vector"), VECTORS, ids=[f"{name}: {vector['name']}" for name, vector in VECTORS]
)
def test_vector(name: str, vector: Given) -> None:
    gives: Given = {}
    try:
        gives = JUDGES[name](vector["given"])
        verdict = "accepted"
    except PaymentError as refused:
        verdict = refused.code
    except RejectedError:
        verdict = "SEALED_DATA_REJECTED"
    assert verdict == vector["expect"], vector["why"]
    for field, value in vector.get("gives", {}).items():
        assert gives[field] == value, field
