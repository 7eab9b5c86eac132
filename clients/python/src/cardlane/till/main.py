"""`cardlane-till`: take a payment, ask for one, watch them all."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys

import grpc

from cardlane.environment import SettingError, address
from cardlane.errors import PaymentError
from cardlane.money import currency_from_letters, parse_amount
from cardlane.payment.v1 import payment_pb2 as payment
from cardlane.payment_id import new_payment_id, parse_payment_id
from cardlane.relay.v1 import relay_pb2 as relay
from cardlane.relay.v1 import relay_pb2_grpc as relay_grpc
from cardlane.till.changes import changes
from cardlane.till.channel import open_channel
from cardlane.till.exit_code import ExitCode, exit_code_of
from cardlane.till.person import Person, PinMissingError
from cardlane.till.report_lines import change_line, record_lines, report_lines
from cardlane.till.rpc_error import Failure
from cardlane.till.take_payment import Order, take_payment
from cardlane.trace import new_traceparent, trace_id, traceparent_of

_EPILOG = """exit codes: 0 approved, 2 declined or undone, 3 unknown, 1 error

environment:
  CARDLANE_TERMINAL  the terminal; 127.0.0.1:7402 when not set
  CARDLANE_RELAY     the relay; 127.0.0.1:7403 when not set
  CARDLANE_READER    the simulated reader that --card is put to; 127.0.0.1:7401 when not set
  CARDLANE_TLS_DIR   folder with ca.pem, cert.pem and key.pem; plaintext when not set
  TRACEPARENT        W3C trace context to pay in; a new trace when not set
"""
_KINDS = {
    "sale": payment.PAYMENT_KIND_SALE,
    "authorization": payment.PAYMENT_KIND_AUTHORIZATION,
    "refund": payment.PAYMENT_KIND_REFUND,
}
_QUERY_WITHIN_S = 10.0
_UNKNOWN_FAILURES = ("PAYMENT_NOT_FOUND", "STREAM_CUT")


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = asyncio.run(options.run(options))
    except grpc.aio.AioRpcError as error:
        failure = Failure.of(error)
        _tell(*failure.lines())
        # Of a payment that is not known here nobody can say that it did not happen.
        return ExitCode.UNKNOWN if failure.code in _UNKNOWN_FAILURES else ExitCode.ERROR
    except (SettingError, PaymentError, PinMissingError, OSError) as error:
        _tell(str(error))
        return ExitCode.ERROR
    except KeyboardInterrupt:
        _tell("interrupted")
        return int(options.exit_code_interrupted)
    return code


async def _pay(options: argparse.Namespace) -> int:
    currency = currency_from_letters(options.currency)
    order = Order(
        payment_id=options.id or new_payment_id(),
        amount_minor=parse_amount(options.amount, currency),
        currency=currency,
        kind=_KINDS[options.kind],
        previous_payment_id=options.previous,
        accept_partial=options.accept_partial,
        traceparent=traceparent_of(os.environ),
    )
    at_terminal = address("CARDLANE_TERMINAL", "127.0.0.1:7402")
    # Stream 1 never uses TLS, and neither does the simulated reader's control service.
    at_reader = address("CARDLANE_READER", "127.0.0.1:7401")
    async with grpc.aio.insecure_channel(at_reader) as reader_channel:
        person = Person(
            pin=options.pin,
            is_pin_on_reader=options.pin_on_reader,
            card=options.card,
            reader_channel=reader_channel if options.card else None,
        )
        _tell_of(order)
        try:
            report = await take_payment(lambda: open_channel(at_terminal), order, person)
        except TimeoutError:
            _tell("no terminal there: is the mesh up, and CARDLANE_TERMINAL right?")
            return ExitCode.ERROR
    report.trace_id = report.trace_id or trace_id(order.traceparent)
    _print(*report_lines(report))
    return exit_code_of(report.certainty, report.state)


def _tell_of(order: Order) -> None:
    """Say both ids first: whatever happens, they are what one asks with."""
    _tell(f"  {'payment id':14} {order.payment_id}")
    _tell(f"  {'trace id':14} {trace_id(order.traceparent)}")


async def _query(options: argparse.Namespace) -> int:
    payment_id = parse_payment_id(options.number)
    request = (
        relay.GetPaymentRequest(payment_id=payment_id, merchant_id=options.merchant)
        if payment_id
        else relay.GetPaymentRequest(record_number=options.number, merchant_id=options.merchant)
    )
    metadata = (("traceparent", new_traceparent()),)
    async with open_channel(address("CARDLANE_RELAY", "127.0.0.1:7403")) as channel:
        stub = relay_grpc.RelayServiceStub(channel)
        answer = await stub.GetPayment(request, metadata=metadata, timeout=_QUERY_WITHIN_S)
    _print(*record_lines(answer.payment))
    return exit_code_of(answer.payment.certainty, answer.payment.state)


async def _watch(options: argparse.Namespace) -> int:
    """Print every change until Ctrl-C, or until `--count` of them were seen."""
    at_relay = address("CARDLANE_RELAY", "127.0.0.1:7403")
    seen = 0
    async for change in changes(lambda: open_channel(at_relay), options.after):
        _print(change_line(change))
        seen += 1
        if seen == options.count:
            break
    return ExitCode.APPROVED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cardlane-till",
        description="Takes card payments through a cardlane terminal.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True)
    pay = commands.add_parser("pay", help="take a payment")
    pay.add_argument("amount", help="12.50")
    pay.add_argument("currency", help="EUR")
    pay.add_argument("--pin", help="PIN of a test card; other users of this machine can see it")
    pay.add_argument("--pin-on-reader", action="store_true", help="the PIN is typed on the reader")
    pay.add_argument("--card", help="test card to put to the mesh's simulated reader")
    pay.add_argument("--kind", choices=sorted(_KINDS), default="sale")
    pay.add_argument("--id", help="your own payment id (UUID): a repeat never charges twice")
    pay.add_argument("--previous", default="", help="payment id that was declined with 55 or 1A")
    pay.add_argument("--accept-partial", action="store_true", help="less than all will do")
    # Cutting the stream does not undo a payment that was submitted.
    pay.set_defaults(run=_pay, exit_code_interrupted=ExitCode.UNKNOWN)
    query = commands.add_parser("query", help="show what became of a payment")
    query.add_argument("number", help="record number or payment id")
    query.add_argument("--merchant", default="", help="15 characters, needed with a payment id")
    query.set_defaults(run=_query, exit_code_interrupted=ExitCode.ERROR)
    watch = commands.add_parser("watch", help="show every change of every payment")
    watch.add_argument("--after", type=int, help="start after this sequence; 0: the beginning")
    watch.add_argument("--count", type=int, help="end after so many changes")
    watch.set_defaults(run=_watch, exit_code_interrupted=ExitCode.APPROVED)
    return parser


def _print(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)  # noqa: T201


def _tell(*lines: str) -> None:
    """Stdout has the result alone."""
    for line in lines:
        print(line, file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
