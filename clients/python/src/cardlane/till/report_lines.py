"""Payments and records, a fact per line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cardlane.errors import PaymentError
from cardlane.money import currency_from_number, format_amount
from cardlane.payment.v1 import payment_pb2 as payment
from cardlane.till.words import NEXT_STEPS, response_word, word

if TYPE_CHECKING:
    from cardlane.relay.v1 import relay_pb2 as relay
    from cardlane.terminal.v1 import terminal_pb2 as terminal

_NAME_COLUMNS = 15


def report_lines(report: terminal.PaymentReport) -> list[str]:
    """Return what a cashier has to know at the end of a payment."""
    receipt = report.receipt
    facts = {
        "outcome": _outcome(report),
        "merchant": receipt.merchant_name,
        "amount": _amount(receipt.amount_minor, receipt.currency),
        "card": f"{receipt.scheme} {receipt.masked_pan}".strip(),
        "record": record_number_text(report.record_number),
        "approval code": receipt.approval_code,
        "response": response_word(receipt.response_code),
        "reference": receipt.retrieval_reference,
        "payment id": report.payment_id,
        "trace id": report.trace_id,
        "fault": f"{report.fault.code} {report.fault.message}".strip(),
        "next": NEXT_STEPS.get(report.next_step, ""),
    }
    lines = _lines(facts)
    if report.certainty != payment.CERTAINTY_FINAL:
        asked = report.record_number or report.payment_id
        lines.append(f"Nobody knows yet: hand over nothing. Ask again: cardlane-till query {asked}")
    if report.next_step in (payment.NEXT_STEP_ENTER_PIN, payment.NEXT_STEP_INSERT_CARD):
        again = f"cardlane-till pay … --previous {report.payment_id}"
        lines.append(f"Try again with: {again}")
    return lines


def record_lines(record: relay.PaymentRecord) -> list[str]:
    """Return everything that a person may see of a record."""
    facts = {
        "state": word(payment.PaymentState, record.state),
        "certainty": word(payment.Certainty, record.certainty),
        "next": NEXT_STEPS.get(record.next_step, ""),
        "kind": word(payment.PaymentKind, record.kind),
        "amount": _amount(record.amounts.total_minor, record.currency),
        "card": f"{record.scheme} …{record.last_four}" if record.last_four else "",
        "record": record_number_text(record.record_number),
        "approval code": record.approval_code,
        "response": response_word(record.response_code),
        "reference": record.retrieval_reference,
        "merchant": record.merchant_id,
        "terminal": record.terminal_id,
        "reader": record.reader_serial,
        "payment id": record.payment_id,
        "original": record.original_payment_id,
        "recorded": _when(record.recorded_at_ms),
        "completed": _when(record.completed_at_ms),
        "trace id": record.trace_id,
    }
    steps = (
        f"{'  then':{_NAME_COLUMNS}}{_when(step.at_ms)} {word(payment.PaymentState, step.state)}"
        for step in record.history
    )
    return [*_lines(facts), *steps]


def change_line(change: relay.WatchPaymentsResponse) -> str:
    """Return one change of one record."""
    record = change.payment
    facts = (
        f"#{change.sequence}",
        record_number_text(record.record_number),
        _amount(record.amounts.total_minor, record.currency),
        word(payment.PaymentState, change.state),
        record.response_code,
    )
    return "  ".join(fact for fact in facts if fact)


def record_number_text(record_number: str) -> str:
    """Return `A17K-2M9Q-X4T8`, the way it is read out."""
    return "-".join(record_number[at : at + 4] for at in range(0, len(record_number), 4))


def _outcome(report: terminal.PaymentReport) -> str:
    if report.certainty != payment.CERTAINTY_FINAL:
        return "UNKNOWN"
    if report.HasField("receipt"):
        return word(payment.Outcome, report.receipt.outcome).upper()
    if report.state != payment.PAYMENT_STATE_UNSPECIFIED:
        return word(payment.PaymentState, report.state).upper()
    return "NOTHING HAPPENED"


def _lines(facts: dict[str, str]) -> list[str]:
    return [f"{name:{_NAME_COLUMNS}}{_printable(value)}" for name, value in facts.items() if value]


def _printable(text: str) -> str:
    """Names and messages come from other programs: no control characters reach the screen."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _amount(amount_minor: int, number: int) -> str:
    if number == 0:
        return ""
    try:
        return format_amount(amount_minor, currency_from_number(number))
    except PaymentError:
        return f"{amount_minor} minor units of currency {number}"


def _when(time_ms: int) -> str:
    if time_ms == 0:
        return ""
    return datetime.fromtimestamp(time_ms / 1_000, UTC).isoformat(timespec="milliseconds")
