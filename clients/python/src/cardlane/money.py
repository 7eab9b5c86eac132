"""Amounts in whole minor units, and the currencies that a display here can show."""

from __future__ import annotations

import re
from typing import NamedTuple

from cardlane.errors import PaymentError

# Largest amount that fits ISO 8583 DE 4 (n 12).
AMOUNT_MINOR_MAX = 999_999_999_999


class Currency(NamedTuple):
    """A row of ISO 4217."""

    number: int
    letters: str
    minor_digits: int


# ISO 4217. A reader refuses what it cannot show.
_CURRENCIES = (
    Currency(36, "AUD", 2),
    Currency(124, "CAD", 2),
    Currency(203, "CZK", 2),
    Currency(208, "DKK", 2),
    Currency(348, "HUF", 2),
    Currency(352, "ISK", 0),
    Currency(392, "JPY", 0),
    Currency(410, "KRW", 0),
    Currency(414, "KWD", 3),
    Currency(554, "NZD", 2),
    Currency(578, "NOK", 2),
    Currency(702, "SGD", 2),
    Currency(752, "SEK", 2),
    Currency(756, "CHF", 2),
    Currency(826, "GBP", 2),
    Currency(840, "USD", 2),
    Currency(946, "RON", 2),
    Currency(978, "EUR", 2),
    Currency(985, "PLN", 2),
)
_BY_NUMBER = {currency.number: currency for currency in _CURRENCIES}
_BY_LETTERS = {currency.letters: currency for currency in _CURRENCIES}


def currency_from_number(number: int) -> Currency:
    """Return the currency of an ISO 4217 number. Raises PaymentError CURRENCY_NOT_ACCEPTED."""
    if number not in _BY_NUMBER:
        raise PaymentError("CURRENCY_NOT_ACCEPTED", f"currency {number} is not known here")
    return _BY_NUMBER[number]


def currency_from_letters(letters: str) -> Currency:
    """Return the currency of letters such as EUR. Raises PaymentError CURRENCY_NOT_ACCEPTED."""
    if letters.upper() not in _BY_LETTERS:
        known = " ".join(sorted(_BY_LETTERS))
        raise PaymentError("CURRENCY_NOT_ACCEPTED", f"currency must be one of {known}")
    return _BY_LETTERS[letters.upper()]


def parse_amount(text: str, currency: Currency) -> int:
    """Return the minor units of what a person types: `12.50`, `12` or `12,5` in EUR.

    Raises PaymentError AMOUNT_OUT_OF_RANGE for anything else, more decimals than the currency has,
    or 0.
    """
    match = re.fullmatch(r"([0-9]{1,12})(?:[.,]([0-9]{1,3}))?", text.strip())
    decimals = (match[2] or "") if match else ""
    if match is None or len(decimals) > currency.minor_digits:
        digits = currency.minor_digits
        shape = f"a number with up to {digits} decimals" if digits else "a whole number"
        wanted = f"{shape}, without a sign"
        raise PaymentError("AMOUNT_OUT_OF_RANGE", f"amount in {currency.letters} must be {wanted}")
    amount_minor = int(match[1] + decimals.ljust(currency.minor_digits, "0"))
    if not 1 <= amount_minor <= AMOUNT_MINOR_MAX:
        raise PaymentError("AMOUNT_OUT_OF_RANGE", f"amount must be 1 to {AMOUNT_MINOR_MAX} units")
    return amount_minor


def format_amount(amount_minor: int, currency: Currency) -> str:
    """Return `12.50 EUR` for 1250 minor units."""
    digits = currency.minor_digits
    whole, rest = divmod(amount_minor, 10**digits)
    fraction = f".{rest:0{digits}}" if digits else ""
    return f"{whole}{fraction} {currency.letters}"
