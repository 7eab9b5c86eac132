"""`cardlane-enrol`: makes a development reader and terminal known to a running mesh.

Everything this takes is on one machine only in development: the private keys of the roots, the base
derivation key, and the operator's services of relay and processor.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import grpc

from cardlane.environment import SettingError, address
from cardlane.keys.v1 import keys_pb2 as keys
from cardlane.processor.v1 import processor_pb2 as processor
from cardlane.processor.v1 import processor_pb2_grpc as processor_grpc
from cardlane.relay.v1 import relay_pb2 as relay
from cardlane.relay.v1 import relay_pb2_grpc as relay_grpc
from cardlane.sealing.certificates import ROOT_SIGNATURES_MIN
from cardlane.sealing.dukpt import INITIAL_KEY_ID_BYTES, derive_initial_key
from cardlane.sealing.ed25519 import Signer
from cardlane.sealing.issue import issue
from cardlane.sealing.key_files import KeyFolder
from cardlane.till.channel import open_channel
from cardlane.till.rpc_error import Failure

_SKEW_MS = 3_600_000
_VALIDITY_MS = 365 * 86_400_000
# EUR, USD, GBP, CHF, SEK, PLN, JPY, KWD: what the mesh's own terminal may charge in.
_CURRENCIES = (978, 840, 826, 756, 752, 985, 392, 414)
_RPC_WITHIN_S = 10.0


@dataclass(frozen=True)
class Devices:
    """The key folders of a reader and of the terminal that it is for."""

    reader: KeyFolder
    terminal: KeyFolder


def main(arguments: list[str] | None = None) -> int:
    """Return 0 when both devices are registered."""
    parser = argparse.ArgumentParser(prog="cardlane-enrol", description=__doc__)
    parser.add_argument("--mesh", type=Path, required=True, help="data folder of the mesh")
    parser.add_argument("--to", type=Path, required=True, help="folder for the new keys")
    parser.add_argument("--serial", default="PY-0001", help="serial number of the reader")
    parser.add_argument("--terminal-id", default="TILLPY01", help="8 characters of [A-Z0-9]")
    options = parser.parse_args(arguments)
    try:
        devices = make_devices(options.mesh, options.to, options.serial, options.terminal_id)
        asyncio.run(register(devices))
    except (SettingError, ValueError, OSError) as error:
        print(f"cardlane-enrol: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except grpc.aio.AioRpcError as error:
        print("cardlane-enrol:", *Failure.of(error).lines(), sep="\n  ", file=sys.stderr)  # noqa: T201
        return 1
    print(f"registered reader {options.serial} and terminal {options.terminal_id}")  # noqa: T201
    return 0


def make_devices(mesh: Path, to: Path, serial: str, terminal_id: str) -> Devices:
    """Make keys and certificates under `to`; what is there already stays.

    `mesh` is the data folder of a development mesh, such as `.cardlane`.
    """
    devices = Devices(KeyFolder(to / "keys" / "reader"), KeyFolder(to / "keys" / "terminal"))
    if not (devices.terminal.path / "certificate.json").exists():
        _make_reader(mesh / "keys", devices.reader, serial)
        _make_terminal(mesh / "keys", devices.terminal, terminal_id)
    return devices


async def register(devices: Devices) -> None:
    """Make both devices known to relay and processor. Doing it again changes nothing."""
    reader_envelope = devices.reader.read_certificate()
    terminal_envelope = devices.terminal.read_certificate()
    merchant_id = keys.TerminalCertificate.FromString(terminal_envelope.payload).merchant_id
    active = relay.DEVICE_STATE_ACTIVE
    reader_registration = relay.ReaderRegistration(
        certificate=reader_envelope, merchant_id=merchant_id, state=active
    )
    async with (
        open_channel(address("CARDLANE_PROCESSOR", "127.0.0.1:7404")) as processor_channel,
        open_channel(address("CARDLANE_RELAY", "127.0.0.1:7403")) as relay_channel,
    ):
        # The processor first: what the relay lets pass, the processor should know.
        at_processor = processor_grpc.ProcessorRegistryServiceStub(processor_channel)
        at_relay = relay_grpc.RelayRegistryServiceStub(relay_channel)
        await at_processor.RegisterTerminals(
            processor.RegisterTerminalsRequest(
                terminals=[
                    processor.TerminalRegistration(
                        certificate=terminal_envelope, state=active, currencies=_CURRENCIES
                    )
                ]
            ),
            timeout=_RPC_WITHIN_S,
        )
        await at_processor.RegisterReaders(
            processor.RegisterReadersRequest(readers=[reader_registration]), timeout=_RPC_WITHIN_S
        )
        await at_relay.RegisterTerminals(
            relay.RegisterTerminalsRequest(
                terminals=[
                    relay.TerminalRegistration(
                        certificate=terminal_envelope, state=active, currencies=_CURRENCIES
                    )
                ]
            ),
            timeout=_RPC_WITHIN_S,
        )
        await at_relay.RegisterReaders(
            relay.RegisterReadersRequest(readers=[reader_registration]), timeout=_RPC_WITHIN_S
        )


def _make_reader(mesh_keys: Path, folder: KeyFolder, serial: str) -> None:
    _prepare(folder, mesh_keys / "reader")
    base_derivation_key = KeyFolder(mesh_keys / "pin-service").read_key("base-derivation")
    initial_key_id = secrets.token_bytes(INITIAL_KEY_ID_BYTES)
    folder.write_key("dukpt-initial", derive_initial_key(base_derivation_key, initial_key_id))
    not_before_ms, not_after_ms = _validity()
    body = keys.ReaderCertificate(
        version=1,
        serial=serial,
        identity_key=_new_signer(folder, "identity").public_key,
        signing_key=_new_signer(folder, "signing").public_key,
        model="Simulated reader (Python)",
        dukpt_initial_key_id=initial_key_id,
        not_before_ms=not_before_ms,
        not_after_ms=not_after_ms,
        development=True,
    )
    signers = _root_signers(mesh_keys, "vendor-root")
    folder.write_certificate(issue("reader-certificate", body, signers))


def _make_terminal(mesh_keys: Path, folder: KeyFolder, terminal_id: str) -> None:
    """Make another terminal of the merchant whose terminal the mesh has."""
    _prepare(folder, mesh_keys / "terminal")
    envelope = KeyFolder(mesh_keys / "terminal").read_certificate()
    body = keys.TerminalCertificate.FromString(envelope.payload)
    body.terminal_id = terminal_id
    body.identity_key = _new_signer(folder, "identity").public_key
    body.signing_key = _new_signer(folder, "signing").public_key
    body.not_before_ms, body.not_after_ms = _validity()
    signers = _root_signers(mesh_keys, "acquirer-root")
    folder.write_certificate(issue("terminal-certificate", body, signers))


def _prepare(folder: KeyFolder, like: Path) -> None:
    folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.copy_trusted_roots(KeyFolder(like))


def _new_signer(folder: KeyFolder, purpose: str) -> Signer:
    seed = os.urandom(32)
    folder.write_key(purpose, seed)
    return Signer(seed)


def _root_signers(mesh_keys: Path, purpose: str) -> list[Signer]:
    """Return as many of a root's keys as must sign."""
    seeds = KeyFolder(mesh_keys / "roots").read_keys(purpose)
    if len(seeds) < ROOT_SIGNATURES_MIN:
        raise ValueError(f"no {purpose} keys in {mesh_keys / 'roots'}: is that a mesh's folder?")
    return [Signer(seed) for seed in seeds[:ROOT_SIGNATURES_MIN]]


def _validity() -> tuple[int, int]:
    now_ms = time.time_ns() // 1_000_000
    return now_ms - _SKEW_MS, now_ms + _VALIDITY_MS


if __name__ == "__main__":
    sys.exit(main())
