"""`cardlane-reader`: a simulated reader that a terminal can be connected to."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

from cardlane.clock import SystemClock
from cardlane.environment import SettingError, address, text
from cardlane.errors import PaymentError
from cardlane.sealing.pin_block import is_pin
from cardlane.simulated_reader.cards import CARDS
from cardlane.simulated_reader.server import Reader, ReaderOptions

log = logging.getLogger(__name__)

_ENVIRONMENT = """environment:
  CARDLANE_LISTEN    where the terminal reaches the reader; 127.0.0.1:7411 when not set
  CARDLANE_KEYS_DIR  keys, certificate and trusted roots of this reader
  CARDLANE_DATA_DIR  where it keeps counter, PIN key register, pairing and manifest
"""


def main() -> int:
    """Return 0 after a stop that was asked for, 1 when the reader cannot start."""
    parser = argparse.ArgumentParser(
        prog="cardlane-reader",
        description="A simulated card reader: presents one test card for every payment.",
        epilog=_ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--card", default="visa", choices=sorted(CARDS), metavar="NAME")
    parser.add_argument("--pin", help="what is typed when the PIN is asked for on the reader")
    arguments = parser.parse_args()
    if arguments.pin is not None and not is_pin(arguments.pin):
        parser.error("--pin must be 4 to 12 digits")
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    try:
        options = ReaderOptions(
            listen=address("CARDLANE_LISTEN", "127.0.0.1:7411"),
            keys_directory=Path(text("CARDLANE_KEYS_DIR")),
            data_directory=Path(text("CARDLANE_DATA_DIR")),
            card=CARDS[arguments.card],
            pin=arguments.pin,
            clock=SystemClock(),
        )
        asyncio.run(_serve(options))
    except (SettingError, ValueError, PaymentError) as error:
        print(f"cardlane-reader cannot start: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


async def _serve(options: ReaderOptions) -> None:
    reader = await Reader.start(options)
    log.info("reader %s listens on port %s", reader.serial, reader.port)
    stopped = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    await stopped.wait()
    await reader.stop()


if __name__ == "__main__":
    sys.exit(main())
