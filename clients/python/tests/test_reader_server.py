"""The reader over a real connection, with its files on a real disk."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import grpc
import pytest
from fake_mesh import FakeMesh, certificate_digest
from salt_server import SaltServer

from cardlane.errors import PaymentError
from cardlane.payment.v1 import payment_pb2 as payment
from cardlane.reader.v1 import reader_pb2 as reader
from cardlane.reader.v1 import reader_pb2_grpc as reader_grpc
from cardlane.simulated_reader.cards import CARDS
from cardlane.simulated_reader.durable_files import DurableFiles
from cardlane.simulated_reader.server import Reader, ReaderOptions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from manual_time import ManualTime

    from cardlane.sealing.salt_channel import SaltChannel


def options_for(mesh: FakeMesh, time: ManualTime, path: Path) -> ReaderOptions:
    mesh.write_reader_keys(path / "keys")
    return ReaderOptions(
        listen="127.0.0.1:0",
        keys_directory=path / "keys",
        data_directory=path / "data",
        card=CARDS["visa"],
        pin=None,
        clock=time,
    )


@asynccontextmanager
async def running(options: ReaderOptions) -> AsyncIterator[tuple[Reader, grpc.aio.Channel]]:
    """Start a reader, connect to it, and stop it whatever happens."""
    server = await Reader.start(options)
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            yield server, channel
    finally:
        await server.stop(0)


class Connection:
    """A terminal's end of a session."""

    def __init__(self, channel: grpc.aio.Channel, mesh: FakeMesh) -> None:
        self._stream = reader_grpc.ReaderServiceStub(channel).Session()
        self._mesh = mesh
        self._salt: SaltChannel | None = None

    async def open(self) -> reader.ReaderHello:
        m1 = (await self._stream.read()).salt
        server = SaltServer(self._mesh.terminal_identity, m1, 0)
        await self._stream.write(reader.SessionRequest(salt=server.m2))
        certificate = self._mesh.terminal_certificate()
        await self._stream.write(reader.SessionRequest(terminal_certificate=certificate))
        await self._stream.write(reader.SessionRequest(salt=server.m3))
        self._salt = server.receive_m4((await self._stream.read()).salt)
        hello = (await self.hear()).hello
        digest = certificate_digest(hello.reader_certificate)
        await self.say(
            hello=reader.TerminalHello(
                reader_certificate_digest=digest, manifest=self._mesh.manifest()
            )
        )
        return hello

    async def say(self, **message: object) -> None:
        assert self._salt is not None
        body = reader.TerminalMessage(**message)  # type: ignore[arg-type]
        packet = self._salt.seal(body.SerializeToString(), 0)
        await self._stream.write(reader.SessionRequest(salt=packet))

    async def hear(self) -> reader.ReaderMessage:
        assert self._salt is not None
        frame = await self._stream.read()
        return reader.ReaderMessage.FromString(self._salt.open(frame.salt, 0))

    async def hear_until(self, name: str) -> reader.ReaderMessage:
        while (message := await self.hear()).WhichOneof("message") != name:
            pass
        return message

    async def pay(self) -> tuple[payment.SignedPayment, reader.ResultShown]:
        payment_id = os.urandom(16)
        await self.say(
            prepare_payment=reader.PreparePayment(
                payment_id=payment_id,
                kind=payment.PAYMENT_KIND_SALE,
                amounts=payment.Amounts(total_minor=1250),
                currency=978,
            )
        )
        await self.hear_until("card_read")
        await self.say(confirm=reader.Confirm(payment_id=payment_id, pin="1234"))
        signed = (await self.hear_until("payment_ready")).payment_ready.payment
        await self.say(show_result=reader.ShowResult(result=self._mesh.answer(signed)))
        return signed, (await self.hear_until("result_shown")).result_shown


def test_payment_over_the_wire(mesh: FakeMesh, time: ManualTime, tmp_path: Path) -> None:
    async def run() -> None:
        async with running(options_for(mesh, time, tmp_path)) as (_server, channel):
            connection = Connection(channel, mesh)
            await connection.open()
            signed, shown = await connection.pay()
            assert mesh.pin_of(mesh.open(signed)) == "1234"
            assert shown.shown == reader.SHOWN_OUTCOME_APPROVED
            await connection.say(close={})
            assert (await connection.hear_until("close")).HasField("close")

    asyncio.run(run())


def test_stranger_is_refused_without_a_reason(
    mesh: FakeMesh, time: ManualTime, tmp_path: Path
) -> None:
    async def run() -> None:
        async with running(options_for(mesh, time, tmp_path)) as (_server, channel):
            stream = reader_grpc.ReaderServiceStub(channel).Session()
            assert (await stream.read()).salt[:4] == b"SCv2"
            await stream.write(reader.SessionRequest(salt=b"nonsense"))
            with pytest.raises(grpc.aio.AioRpcError):
                await stream.read()
            assert await stream.code() == grpc.StatusCode.UNAUTHENTICATED
            assert await stream.details() == "session refused"

    asyncio.run(run())


def test_stopping_reader_asks_its_terminal_to_leave(
    mesh: FakeMesh, time: ManualTime, tmp_path: Path
) -> None:
    async def run() -> None:
        async with running(options_for(mesh, time, tmp_path)) as (server, channel):
            connection = Connection(channel, mesh)
            await connection.open()
            await connection.pay()
            stopping = asyncio.create_task(server.stop(5))
            assert (await connection.hear_until("drain")).drain.grace_ms > 0
            await connection.say(close={})
            await connection.hear_until("close")
            await stopping

    asyncio.run(run())


def test_initial_key_is_destroyed_and_counters_go_on(
    mesh: FakeMesh, time: ManualTime, tmp_path: Path
) -> None:
    options = options_for(mesh, time, tmp_path)

    async def pay_once() -> tuple[int, int]:
        async with running(options) as (_, channel):
            connection = Connection(channel, mesh)
            await connection.open()
            signed, _ = await connection.pay()
        opened = mesh.open(signed)
        return opened.context.counter, opened.key_serial_number[-1]

    assert asyncio.run(pay_once()) == (1, 1)
    assert not (options.keys_directory / "dukpt-initial.key.json").exists()
    assert asyncio.run(pay_once()) == (2, 2)


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        ("identity", "keys are not those in its certificate"),
        ("certificate", "certificate rejected"),
        ("missing", "no file"),
        ("busy", "in use by another process"),
    ],
)
def test_reader_does_not_start(
    mesh: FakeMesh, time: ManualTime, tmp_path: Path, spoil: str, problem: str
) -> None:
    options = options_for(mesh, time, tmp_path)
    spoilers: dict[str, Callable[[], object]] = {
        "identity": lambda: mesh.write_reader_keys(tmp_path / "other").write_key(
            "identity", os.urandom(32)
        ),
        "certificate": lambda: (options.keys_directory / "certificate.json").write_text("{}"),
        "missing": (options.keys_directory / "signing.key.json").unlink,
        "busy": lambda: DurableFiles(options.data_directory),
    }
    held = spoilers[spoil]()
    if spoil == "identity":
        (tmp_path / "other" / "identity.key.json").rename(
            options.keys_directory / "identity.key.json"
        )

    async def start() -> None:
        await Reader.start(options)

    with pytest.raises((ValueError, PaymentError), match=problem):
        asyncio.run(start())
    del held
