"""A terminal and a relay with a script instead of a mesh."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2

from cardlane.payment.v1 import payment_pb2 as payment
from cardlane.reader.v1 import reader_pb2 as reader
from cardlane.reader.v1 import reader_pb2_grpc as reader_grpc
from cardlane.relay.v1 import relay_pb2 as relay
from cardlane.relay.v1 import relay_pb2_grpc as relay_grpc
from cardlane.terminal.v1 import terminal_pb2 as terminal
from cardlane.terminal.v1 import terminal_pb2_grpc as terminal_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from google.protobuf.message import Message

RECORD_NUMBER = "A17K2M9QX4T8"


@dataclass
class FakeTerminalService(terminal_grpc.TerminalServiceServicer):
    """Reads a card, asks for a PIN and ends with `report`.

    `cut_after` names the event after which the stream breaks.
    """

    report: terminal.PaymentReport
    cut_after: str = ""
    verification: payment.Verification = payment.VERIFICATION_ONLINE_PIN
    refusal: Message | None = None
    later_report: terminal.PaymentReport | None = None
    heard: list[terminal.PayRequest] = field(default_factory=list)

    async def Pay(  # noqa: N802
        self,
        request_iterator: AsyncIterator[terminal.PayRequest],
        context: grpc.aio.ServicerContext,
    ) -> AsyncIterator[terminal.PayResponse]:
        requests = aiter(request_iterator)
        start = await anext(requests)
        self.heard.append(start)
        if self.refusal is not None:
            await refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "no good", self.refusal)
        payment_id = start.start.payment_id
        for event in self._before_confirm(payment_id):
            yield event
            await self._cut(context, event)
        confirm = await anext(requests)
        self.heard.append(confirm)
        if confirm.WhichOneof("step") == "cancel":
            yield terminal.PayResponse(finished=cancelled_report(payment_id))
            return
        recorded = terminal.PaymentRecorded(record_number=RECORD_NUMBER)
        for event in (
            terminal.PayResponse(submitted=terminal.PaymentSubmitted(payment_id=payment_id)),
            terminal.PayResponse(recorded=recorded),
        ):
            yield event
            await self._cut(context, event)
        self.report.payment_id = payment_id
        yield terminal.PayResponse(finished=self.report)

    async def GetTerminalPayment(  # noqa: N802
        self, request: terminal.GetTerminalPaymentRequest, context: grpc.aio.ServicerContext
    ) -> terminal.GetTerminalPaymentResponse:
        if self.later_report is None:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "gone")
            raise AssertionError
        self.later_report.payment_id = request.payment_id
        return terminal.GetTerminalPaymentResponse(report=self.later_report)

    def _before_confirm(self, payment_id: str) -> list[terminal.PayResponse]:
        card = reader.CardRead(
            masked_pan="424242******4242",
            scheme="VISA",
            entry_mode=payment.ENTRY_MODE_CHIP,
            verification=self.verification,
        )
        started = terminal.PaymentStarted(payment_id=payment_id, reader_serial="PY-0001")
        return [
            terminal.PayResponse(started=started),
            terminal.PayResponse(prepared=reader.Prepared(display_lines=["Corner Coffee"])),
            terminal.PayResponse(confirmation_needed=card),
        ]

    async def _cut(self, context: grpc.aio.ServicerContext, event: terminal.PayResponse) -> None:
        if event.WhichOneof("event") == self.cut_after:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "cut")


@dataclass
class FakeRelayService(relay_grpc.RelayServiceServicer):
    """Knows one record."""

    record: relay.PaymentRecord
    metadata: dict[str, str] = field(default_factory=dict)
    watched_after: list[int] = field(default_factory=list)

    async def GetPayment(  # noqa: N802
        self, request: relay.GetPaymentRequest, context: grpc.aio.ServicerContext
    ) -> relay.GetPaymentResponse:
        self.metadata = {key: str(value) for key, value in context.invocation_metadata() or ()}
        if request.record_number != self.record.record_number:
            info = error_info("PAYMENT_NOT_FOUND", certainty="UNKNOWN", next_step="RETRY_SAME_ID")
            await refuse(context, grpc.StatusCode.NOT_FOUND, "not seen", info)
        return relay.GetPaymentResponse(payment=self.record)

    async def WatchPayments(  # noqa: N802
        self, request: relay.WatchPaymentsRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[relay.WatchPaymentsResponse]:
        self.watched_after.append(request.after_sequence)
        sequence = request.after_sequence
        yield relay.WatchPaymentsResponse(sequence=0)
        for state in (payment.PAYMENT_STATE_RECEIVED, payment.PAYMENT_STATE_APPROVED):
            sequence += 1
            yield relay.WatchPaymentsResponse(sequence=sequence, payment=self.record, state=state)
        await context.abort(grpc.StatusCode.UNAVAILABLE, "old enough")


@dataclass
class FakeReaderControl(reader_grpc.ReaderControlServiceServicer):
    """Takes note of the cards it is shown."""

    cards: list[str] = field(default_factory=list)

    async def PresentCard(  # noqa: N802
        self, request: reader.PresentCardRequest, context: grpc.aio.ServicerContext
    ) -> reader.PresentCardResponse:
        self.cards.append(request.card)
        if request.card == "none such":
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no test card of that name")
        return reader.PresentCardResponse(masked_pan="424242******4242")


def error_info(code: str, **metadata: str) -> error_details_pb2.ErrorInfo:
    return error_details_pb2.ErrorInfo(reason=code, domain="cardlane", metadata=metadata)


async def refuse(
    context: grpc.aio.ServicerContext, code: grpc.StatusCode, message: str, *details: Message
) -> None:
    """End a call with google.rpc details."""
    status = status_pb2.Status(
        code=code_pb2.Code.Value(code.name), message=message, details=[pack(d) for d in details]
    )
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    await context.abort(code, message)


def pack(message: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed


def approved_report() -> terminal.PaymentReport:
    return terminal.PaymentReport(
        record_number=RECORD_NUMBER,
        certainty=payment.CERTAINTY_FINAL,
        next_step=payment.NEXT_STEP_NONE,
        state=payment.PAYMENT_STATE_APPROVED,
        receipt=terminal.Receipt(
            merchant_name="Corner Coffee",
            amount_minor=1250,
            currency=978,
            masked_pan="************4242",
            scheme="VISA",
            record_number=RECORD_NUMBER,
            approval_code="A1B2C3",
            response_code="00",
            outcome=payment.OUTCOME_APPROVED,
        ),
    )


def declined_report(response_code: str, next_step: payment.NextStep) -> terminal.PaymentReport:
    report = approved_report()
    report.state = payment.PAYMENT_STATE_DECLINED
    report.next_step = next_step
    report.receipt.outcome = payment.OUTCOME_DECLINED
    report.receipt.response_code = response_code
    report.receipt.approval_code = ""
    return report


def unknown_report() -> terminal.PaymentReport:
    return terminal.PaymentReport(
        record_number=RECORD_NUMBER,
        certainty=payment.CERTAINTY_UNKNOWN,
        next_step=payment.NEXT_STEP_WAIT_FOR_REVERSAL,
        state=payment.PAYMENT_STATE_REVERSING,
    )


def cancelled_report(payment_id: str) -> terminal.PaymentReport:
    return terminal.PaymentReport(
        payment_id=payment_id,
        certainty=payment.CERTAINTY_FINAL,
        fault=payment.PaymentFault(code="CANCELLED", message="cancelled"),
    )


@asynccontextmanager
async def serving(*services: object) -> AsyncIterator[str]:
    """Serve on loopback and give the address."""
    adders: dict[type, Callable[[object, grpc.aio.Server], None]] = {
        FakeTerminalService: terminal_grpc.add_TerminalServiceServicer_to_server,
        FakeRelayService: relay_grpc.add_RelayServiceServicer_to_server,
        FakeReaderControl: reader_grpc.add_ReaderControlServiceServicer_to_server,
    }
    server = grpc.aio.server()
    for service in services:
        add = next(add for kind, add in adders.items() if isinstance(service, kind))
        add(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)
