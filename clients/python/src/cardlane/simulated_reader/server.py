"""The reader's gRPC service."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc

from cardlane.reader.v1 import reader_pb2 as reader
from cardlane.reader.v1 import reader_pb2_grpc as reader_grpc
from cardlane.sealing.certificates import verify_reader_certificate
from cardlane.sealing.dukpt import DukptRegister
from cardlane.sealing.ed25519 import Signer
from cardlane.sealing.key_files import KeyFolder
from cardlane.sealing.manifest import KeptManifest
from cardlane.sealing.randomness import Random, system_random
from cardlane.simulated_reader.device import ReaderDevice
from cardlane.simulated_reader.durable_files import DurableFiles
from cardlane.simulated_reader.handshake import HandshakeParts
from cardlane.simulated_reader.session import SessionParts, TerminalSession
from cardlane.simulated_reader.sign_payment import PaymentSigner
from cardlane.simulated_reader.store import ReaderStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from cardlane.clock import Clock
    from cardlane.simulated_reader.cards import Card

# One terminal needs one.
_SESSIONS_MAX = 8
_FRAME_BYTES_MAX = 65_536


@dataclass(frozen=True)
class ReaderOptions:
    """What a reader is started with."""

    listen: str
    """Where the terminal reaches it: "127.0.0.1:7411"; port 0 takes any."""
    keys_directory: Path
    data_directory: Path
    card: Card
    pin: str | None
    clock: Clock
    random: Random = system_random


class Reader(reader_grpc.ReaderServiceServicer):
    """A running reader. Make it with `start`."""

    def __init__(self, options: ReaderOptions) -> None:
        folder = KeyFolder(options.keys_directory)
        envelope = folder.read_certificate()
        roots = folder.read_trusted_roots()
        certificate = verify_reader_certificate(envelope, roots, options.clock.now_ms())
        identity = Signer(folder.read_key("identity"))
        signing = Signer(folder.read_key("signing"))
        wire = certificate.wire
        if (wire.identity_key, wire.signing_key) != (identity.public_key, signing.public_key):
            raise ValueError("the reader's keys are not those in its certificate")

        self._files = DurableFiles(options.data_directory)
        store = ReaderStore(
            self._files,
            lambda: DukptRegister.load(wire.dukpt_initial_key_id, folder.read_key("dukpt-initial")),
        )
        # The register on disk holds everything; who had this key could compute every PIN key.
        folder.destroy_key("dukpt-initial")
        manifest = KeptManifest(roots, store.read_manifest(), store.write_manifest)
        signer = PaymentSigner(certificate, signing, store, manifest, options.clock, options.random)
        timers = asyncio.get_running_loop()
        self.serial = wire.serial
        self.device = ReaderDevice(signer, timers, options.card, options.pin)
        self._parts = SessionParts(
            HandshakeParts(identity, roots, manifest, store, options.clock, options.random),
            self.device,
            envelope,
            certificate,
            timers,
        )
        self._sessions: set[TerminalSession] = set()
        self._server = grpc.aio.server(
            options=[("grpc.max_receive_message_length", _FRAME_BYTES_MAX)]
        )
        reader_grpc.add_ReaderServiceServicer_to_server(self, self._server)
        self.port: int = self._server.add_insecure_port(options.listen)

    @classmethod
    async def start(cls, options: ReaderOptions) -> Reader:
        """Serve. Raises ValueError or PaymentError when keys or certificate are not usable."""
        started = cls(options)
        await started._server.start()
        return started

    async def stop(self, grace_s: float = 5.0) -> None:
        """Ask terminals to leave, then stop."""
        for session in self._sessions:
            session.drain()
        await self._server.stop(grace_s)
        self._files.close()

    async def Session(  # noqa: N802
        self,
        request_iterator: AsyncIterator[reader.SessionRequest],
        context: grpc.aio.ServicerContext,
    ) -> AsyncIterator[reader.SessionResponse]:
        """Each stream is one Salt Channel session."""
        if len(self._sessions) >= _SESSIONS_MAX:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many sessions")
        outgoing: asyncio.Queue[reader.SessionResponse | bool] = asyncio.Queue()
        session = TerminalSession(self._parts, outgoing.put_nowait, outgoing.put_nowait)
        self._sessions.add(session)
        incoming = asyncio.create_task(_receive_all(request_iterator, session))
        try:
            while not isinstance(frame := await outgoing.get(), bool):
                yield frame
        finally:
            self._sessions.discard(session)
            session.close()
            incoming.cancel()
        is_orderly = frame
        if not is_orderly:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "session refused")


async def _receive_all(
    request_iterator: AsyncIterator[reader.SessionRequest], session: TerminalSession
) -> None:
    """Give every frame to the session, and end it when the terminal's side of the stream ends."""
    try:
        async for frame in request_iterator:
            session.receive(frame)
    finally:
        session.close()
