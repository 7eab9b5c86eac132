"""Payments through a running mesh, started by `npm start` in the repository's root.

Run when the environment names it:

    CARDLANE_TERMINAL, CARDLANE_RELAY, CARDLANE_READER      the till's tests
    CARDLANE_PROCESSOR, CARDLANE_MESH_DIR (its `.cardlane`) also the reader's tests

The reader's tests enrol a reader and a terminal of their own, and start both: the reader is this
package's, the terminal is the repository's.
"""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cardlane.payment_id import new_payment_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

REPOSITORY = Path(__file__).resolve().parents[3]
NODE = REPOSITORY / "node_modules" / ".bin" / "node"
TILL_NEEDS = ("CARDLANE_TERMINAL", "CARDLANE_RELAY", "CARDLANE_READER")
READER_NEEDS = (*TILL_NEEDS, "CARDLANE_PROCESSOR", "CARDLANE_MESH_DIR")

needs_mesh = pytest.mark.skipif(
    not all(map(os.environ.get, TILL_NEEDS)), reason=f"needs {', '.join(TILL_NEEDS)}"
)
needs_mesh_folder = pytest.mark.skipif(
    not all(map(os.environ.get, READER_NEEDS)), reason=f"needs {', '.join(READER_NEEDS)}"
)


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def till(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return run("cardlane.till.main", *arguments, **environment)


def fact(output: str, name: str) -> str:
    """Return one line's value."""
    found = re.search(rf"^{name}\s+(.+)$", output, re.MULTILINE)
    assert found, output
    return found[1]


@needs_mesh
def test_approved_payment_is_found_by_its_record_number() -> None:
    paid = till("pay", "12.50", "EUR", "--card", "visa", "--pin", "1234")
    assert paid.returncode == 0, paid.stderr
    assert fact(paid.stdout, "outcome") == "APPROVED"
    found = till("query", fact(paid.stdout, "record"))
    assert found.returncode == 0
    for name in ("payment id", "trace id", "approval code", "amount"):
        assert fact(found.stdout, name) == fact(paid.stdout, name)


@needs_mesh
@pytest.mark.parametrize(
    ("card", "pin", "response"),
    [
        ("charge_declined_insufficient_funds", "1234", "51"),
        ("charge_declined_stolen_card", "1234", "43"),
        ("mastercard", "9999", "55"),
    ],
)
def test_declined_payment(card: str, pin: str, response: str) -> None:
    paid = till("pay", "12.50", "EUR", "--card", card, "--pin", pin)
    assert paid.returncode == 2, paid.stderr
    assert fact(paid.stdout, "response").split()[0] == response
    assert till("query", fact(paid.stdout, "record")).returncode == 2


@needs_mesh
def test_refund_in_the_trace_of_the_caller() -> None:
    trace = secrets.token_hex(16)
    arguments = ("pay", "2", "EUR", "--kind", "refund", "--card", "visa", "--pin", "1234")
    paid = till(*arguments, TRACEPARENT=f"00-{trace}-b7ad6b7169203331-01")
    assert paid.returncode == 0, paid.stderr
    found = till("query", fact(paid.stdout, "record"))
    assert fact(found.stdout, "kind") == "refund"
    assert found.stdout.splitlines().count(f"trace id       {trace}") == 1


@needs_mesh
def test_same_id_never_charges_twice() -> None:
    arguments = ("pay", "5", "EUR", "--card", "visa", "--pin", "1234", "--id", new_payment_id())
    first, second = till(*arguments), till(*arguments)
    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    assert fact(first.stdout, "record") == fact(second.stdout, "record")


@needs_mesh
def test_refusal_is_readable() -> None:
    refused = till("pay", "9999999999.99", "EUR", "--card", "no such card", "--pin", "1234")
    assert refused.returncode == 1
    assert "MALFORMED_REQUEST" in refused.stderr
    missing = till("query", new_payment_id(), "--merchant", "CORNERCOFFEE001")
    assert missing.returncode == 3
    assert "certainty: unknown" in missing.stderr


@needs_mesh
def test_watch_sees_every_change() -> None:
    watched = till("watch", "--after", "0", "--count", "2")
    assert watched.returncode == 0, watched.stderr
    sequences = [int(line.split()[0].removeprefix("#")) for line in watched.stdout.splitlines()]
    assert sequences == sorted(set(sequences))


class OwnDevices:
    """A reader of this package and a terminal of the repository, enrolled for one test run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[subprocess.Popen[str]] = []
        suffix = secrets.token_hex(2).upper()
        self._terminal_id = f"TPY0{suffix}"
        enrolled = run(
            "cardlane.enrol",
            f"--mesh={os.environ['CARDLANE_MESH_DIR']}",
            f"--to={folder}",
            f"--serial=PY-{suffix}",
            f"--terminal-id={self._terminal_id}",
        )
        assert enrolled.returncode == 0, enrolled.stderr
        self.terminal = ""

    def start_reader(self, *arguments: str, listen: str = "127.0.0.1:0") -> str:
        command = [sys.executable, "-m", "cardlane.simulated_reader.main", *arguments]
        process = self._start(command, "reader", CARDLANE_LISTEN=listen)
        assert process.stderr is not None
        port = wait_for(process.stderr, r"listens on port (\d+)")
        return f"127.0.0.1:{port}"

    def start_terminal(self, reader: str) -> None:
        process = self._start(
            [str(NODE), str(REPOSITORY / "terminal-client" / "main.ts")],
            "terminal",
            CARDLANE_LISTEN="127.0.0.1:0",
            CARDLANE_READER=reader,
            CARDLANE_INSTANCE=self._terminal_id,
        )
        # Its log is one JSON object a line, on stdout or stderr.
        assert process.stdout is not None
        self.terminal = wait_for(process.stdout, r'"address":"(127\.0\.0\.1:\d+)"')
        wait_for(process.stdout, r"reader session (open)")

    def pay(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return till("pay", *arguments, CARDLANE_TERMINAL=self.terminal)

    def kill_reader(self) -> None:
        reader = self._running.pop(0)
        reader.kill()
        reader.communicate()

    def stop(self) -> None:
        for process in self._running:
            process.send_signal(signal.SIGTERM)
        for process in self._running:
            process.communicate(timeout=30)

    def _start(self, command: list[str], program: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command,
            env={
                **os.environ,
                "CARDLANE_KEYS_DIR": str(self._folder / "keys" / program),
                "CARDLANE_DATA_DIR": str(self._folder / program),
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if program == "reader" else subprocess.STDOUT,
            text=True,
        )
        self._running.append(process)
        return process


def wait_for(output: IO[str], pattern: str) -> str:
    """Read lines until one matches, and return its group."""
    seen = []
    for line in output:
        seen.append(line)
        if found := re.search(pattern, line):
            return found[1]
    raise AssertionError(f"no {pattern} in {''.join(seen)}")


@pytest.fixture
def devices(tmp_path: Path) -> Iterator[OwnDevices]:
    own = OwnDevices(tmp_path)
    try:
        yield own
    finally:
        own.stop()


@needs_mesh_folder
def test_reader_takes_a_payment_with_pin_retry_over_a_restart(devices: OwnDevices) -> None:
    address = devices.start_reader("--card", "visa")
    devices.start_terminal(address)
    assert devices.pay("12.50", "EUR", "--pin", "1234").returncode == 0

    wrong = devices.pay("3", "EUR", "--pin", "4321")
    assert (wrong.returncode, fact(wrong.stdout, "response")) == (2, "55 wrong PIN")
    previous = fact(wrong.stdout, "payment id")
    right = devices.pay("3", "EUR", "--pin", "1234", "--previous", previous)
    assert right.returncode == 0, right.stderr
    record = till("query", fact(right.stdout, "record"))
    assert fact(record.stdout, "reader").startswith("PY-")
    assert fact(record.stdout, "original") == previous

    devices.kill_reader()
    devices.start_reader("--card", "charge_declined_lost_card", listen=address)
    declined = devices.pay("8", "EUR", "--pin", "1234")
    assert (declined.returncode, fact(declined.stdout, "response")[:2]) == (2, "41")


@needs_mesh_folder
def test_reader_is_asked_for_the_chip_after_a_tap(devices: OwnDevices) -> None:
    devices.start_terminal(devices.start_reader("--card", "online_pin_sca_retry", "--pin", "1234"))
    tapped = devices.pay("20", "EUR")
    assert fact(tapped.stdout, "response")[:2] == "1A"
    previous = fact(tapped.stdout, "payment id")
    inserted = devices.pay("20", "EUR", "--pin-on-reader", "--previous", previous)
    assert inserted.returncode == 0, inserted.stderr
