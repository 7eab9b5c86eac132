"""The till as people use it, against a terminal and a relay that follow a script."""

from __future__ import annotations

import asyncio
import re
import uuid
from typing import TYPE_CHECKING

import pytest
from fake_services import (
    RECORD_NUMBER,
    FakeReaderControl,
    FakeRelayService,
    FakeTerminalService,
    approved_report,
    declined_report,
    error_info,
    serving,
    unknown_report,
)
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2 as details

from cardlane.payment.v1 import payment_pb2 as payment
from cardlane.relay.v1 import relay_pb2 as relay
from cardlane.till.main import main
from cardlane.trace import trace_id

if TYPE_CHECKING:
    from cardlane.terminal.v1 import terminal_pb2 as terminal

PIN_ARGUMENTS = ("pay", "12.50", "EUR", "--pin", "1234")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(monkeypatch, capsys)


class Run:
    """Runs one command against fakes, in a thread: the command has an event loop of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, arguments: tuple[str, ...], *services: object) -> tuple[int, str, str]:
        """Return exit code, stdout and stderr."""
        code = asyncio.run(self._run(arguments, services))
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    async def _run(self, arguments: tuple[str, ...], services: tuple[object, ...]) -> int:
        async with serving(*services) as address:
            for name in ("TERMINAL", "RELAY", "READER"):
                self._monkeypatch.setenv(f"CARDLANE_{name}", address)
            return await asyncio.to_thread(main, list(arguments))


def start_of(service: FakeTerminalService) -> terminal.StartPayment:
    return service.heard[0].start


def test_approved_payment(run: Run) -> None:
    service = FakeTerminalService(approved_report())
    code, out, err = run(PIN_ARGUMENTS, service)
    assert code == 0
    for fact in ("APPROVED", "12.50 EUR", "VISA ************4242", "A17K-2M9Q-X4T8", "A1B2C3"):
        assert fact in out
    assert "424242******4242" in err
    start = start_of(service)
    assert start.amounts.total_minor == 1250
    assert start.currency == 978
    assert uuid.UUID(start.payment_id).version == 7
    assert service.heard[1].confirm.pin == "1234"
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", start.traceparent)
    assert f"trace id       {trace_id(start.traceparent)}" in out


TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    ("given", "is_taken"),
    [
        (f"00-{TRACE}-b7ad6b7169203331-01", True),
        (f"00-{TRACE}-0000000000000000-01", False),
        (f"00-{TRACE}", False),
        ("", False),
    ],
)
def test_trace_of_the_caller_goes_on(
    run: Run, monkeypatch: pytest.MonkeyPatch, *, given: str, is_taken: bool
) -> None:
    monkeypatch.setenv("TRACEPARENT", given)
    service = FakeTerminalService(approved_report())
    _, out, _ = run(PIN_ARGUMENTS, service)
    sent = start_of(service).traceparent
    assert (sent == given) is is_taken
    assert f"trace id       {trace_id(sent)}" in out
    assert len(trace_id(sent)) == 32


def test_pin_is_never_printed(run: Run) -> None:
    _, out, err = run(
        ("pay", "1", "EUR", "--pin", "907165283419"), FakeTerminalService(approved_report())
    )
    assert "907165283419" not in out + err


@pytest.mark.parametrize(
    ("response_code", "next_step", "advice"),
    [
        ("51", payment.NEXT_STEP_USE_ANOTHER_CARD, "ask for another card"),
        ("43", payment.NEXT_STEP_DO_NOT_RETRY, "do not try this again"),
        ("55", payment.NEXT_STEP_ENTER_PIN, "--previous"),
        ("1A", payment.NEXT_STEP_INSERT_CARD, "--previous"),
    ],
)
def test_declined_payment(
    run: Run, response_code: str, next_step: payment.NextStep, advice: str
) -> None:
    service = FakeTerminalService(declined_report(response_code, next_step))
    code, out, _ = run(PIN_ARGUMENTS, service)
    assert code == 2
    assert "DECLINED" in out
    assert f"response       {response_code} " in out
    assert advice in out


def test_unknown_payment_is_no_decline(run: Run) -> None:
    code, out, _ = run(PIN_ARGUMENTS, FakeTerminalService(unknown_report()))
    assert code == 3
    assert "UNKNOWN" in out
    assert "hand over nothing" in out
    assert f"cardlane-till query {RECORD_NUMBER}" in out


@pytest.mark.parametrize("event", ["started", "confirmation_needed", "submitted", "recorded"])
def test_cut_stream_is_unknown_when_the_terminal_cannot_be_asked(run: Run, event: str) -> None:
    service = FakeTerminalService(approved_report(), cut_after=event)
    code, out, _ = run(PIN_ARGUMENTS, service)
    assert code == 3
    assert start_of(service).payment_id in out
    assert "send it again with the same id" in out


def test_cut_stream_is_resolved_by_asking_the_terminal(run: Run) -> None:
    service = FakeTerminalService(
        approved_report(), cut_after="submitted", later_report=approved_report()
    )
    code, out, _ = run(PIN_ARGUMENTS, service)
    assert code == 0
    assert "APPROVED" in out


def test_refusal_shows_every_detail(run: Run) -> None:
    violation = details.BadRequest.FieldViolation(field="amounts.total_minor", description="no")
    service = FakeTerminalService(
        approved_report(),
        refusal=error_info("AMOUNT_OUT_OF_RANGE", certainty="FINAL", next_step="CORRECT_REQUEST"),
    )
    code, out, err = run(PIN_ARGUMENTS, service)
    assert (code, out) == (1, "")
    assert "AMOUNT_OUT_OF_RANGE: no good" in err
    assert "certainty: final" in err
    assert "next: correct request" in err
    service.refusal = details.BadRequest(field_violations=[violation])
    assert "field: amounts.total_minor" in run(PIN_ARGUMENTS, service)[2]
    service.refusal = details.RetryInfo(retry_delay=Duration(seconds=2))
    assert "retry after: 2000 ms" in run(PIN_ARGUMENTS, service)[2]


def test_card_is_put_to_the_simulated_reader(run: Run) -> None:
    control = FakeReaderControl()
    arguments = (*PIN_ARGUMENTS, "--card", "visa")
    code, _, _ = run(arguments, FakeTerminalService(approved_report()), control)
    assert (code, control.cards) == (0, ["visa"])


def test_card_that_cannot_be_presented_cancels_the_payment(run: Run) -> None:
    service = FakeTerminalService(approved_report())
    arguments = (*PIN_ARGUMENTS, "--card", "none such")
    code, _, err = run(arguments, service, FakeReaderControl())
    assert code == 1
    assert "no test card of that name" in err
    assert service.heard[1].WhichOneof("step") == "cancel"


def test_missing_pin_cancels_the_payment(run: Run) -> None:
    service = FakeTerminalService(approved_report())
    code, _, err = run(("pay", "12.50", "EUR"), service)
    assert code == 1
    assert "give --pin" in err
    assert service.heard[1].WhichOneof("step") == "cancel"


def test_card_without_pin_needs_none(run: Run) -> None:
    service = FakeTerminalService(approved_report(), verification=payment.VERIFICATION_NONE)
    assert run(("pay", "12.50", "EUR"), service)[0] == 0
    assert service.heard[1].confirm.WhichOneof("pin_source") is None


def test_own_id_and_previous_id_are_passed_on(run: Run) -> None:
    own, previous = str(uuid.uuid4()), str(uuid.uuid4())
    service = FakeTerminalService(approved_report())
    run((*PIN_ARGUMENTS, "--id", own, "--previous", previous, "--accept-partial"), service)
    start = start_of(service)
    assert (start.payment_id, start.previous_payment_id) == (own, previous)
    assert start.accept_partial


@pytest.mark.parametrize(
    ("amount", "currency", "problem"),
    [
        ("12.505", "EUR", "up to 2 decimals"),
        ("12.5", "JPY", "a whole number"),
        ("0", "EUR", "must be 1 to"),
        ("-1", "EUR", "up to 2 decimals"),
        ("twelve", "EUR", "up to 2 decimals"),
        ("1", "XXX", "currency must be one of"),
    ],
)
def test_wrong_amounts_never_reach_the_terminal(
    run: Run, amount: str, currency: str, problem: str
) -> None:
    service = FakeTerminalService(approved_report())
    code, _, err = run(("pay", amount, currency), service)
    assert code == 1
    assert problem in err
    assert service.heard == []


def approved_record() -> relay.PaymentRecord:
    return relay.PaymentRecord(
        record_number=RECORD_NUMBER,
        payment_id=str(uuid.uuid4()),
        state=payment.PAYMENT_STATE_APPROVED,
        certainty=payment.CERTAINTY_FINAL,
        amounts=payment.Amounts(total_minor=1250),
        currency=978,
        last_four="4242",
        scheme="VISA",
        response_code="00",
        history=[relay.RecordEvent(sequence=1, state=payment.PAYMENT_STATE_RECEIVED, at_ms=1)],
    )


def test_query(run: Run) -> None:
    service = FakeRelayService(approved_record())
    code, out, _ = run(("query", RECORD_NUMBER), service)
    assert code == 0
    for fact in ("approved", "12.50 EUR", "VISA …4242", "00 approved", "received"):
        assert fact in out
    assert trace_id(service.metadata["traceparent"])


@pytest.mark.parametrize(
    ("state", "certainty", "expected"),
    [
        (payment.PAYMENT_STATE_DECLINED, payment.CERTAINTY_FINAL, 2),
        (payment.PAYMENT_STATE_REVERSED, payment.CERTAINTY_FINAL, 2),
        (payment.PAYMENT_STATE_REVERSING, payment.CERTAINTY_UNKNOWN, 3),
        (payment.PAYMENT_STATE_FORWARDED, payment.CERTAINTY_UNKNOWN, 3),
    ],
)
def test_query_exit_codes(
    run: Run, state: payment.PaymentState, certainty: payment.Certainty, expected: int
) -> None:
    record = approved_record()
    record.state, record.certainty = state, certainty
    assert run(("query", RECORD_NUMBER), FakeRelayService(record))[0] == expected


def test_query_of_a_payment_that_is_not_known_is_unknown(run: Run) -> None:
    code, out, err = run(("query", "A1NOTHERE"), FakeRelayService(approved_record()))
    assert (code, out) == (3, "")
    assert "PAYMENT_NOT_FOUND: not seen" in err
    assert "certainty: unknown" in err


def test_watch_goes_on_where_it_stopped(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cardlane.till.changes._AGAIN_AFTER_S", 0)
    service = FakeRelayService(approved_record())
    code, out, _ = run(("watch", "--after", "0", "--count", "4"), service)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["#1", "#2", "#3", "#4"]
    assert "A17K-2M9Q-X4T8  12.50 EUR  received" in out
    assert service.watched_after == [0, 2]


def test_no_terminal_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("cardlane.till.take_payment._CONNECT_WITHIN_S", 0.2)
    monkeypatch.setenv("CARDLANE_TERMINAL", "127.0.0.1:1")
    assert main(list(PIN_ARGUMENTS)) == 1
    assert "no terminal there" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["nowhere", "host:", "host:port", ":7402"])
def test_wrong_address_is_an_error(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CARDLANE_TERMINAL", address)
    assert main(list(PIN_ARGUMENTS)) == 1
    assert "CARDLANE_TERMINAL must be host:port" in capsys.readouterr().err
