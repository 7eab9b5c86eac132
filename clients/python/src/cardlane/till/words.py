"""What the values of the contracts are called in front of people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cardlane.payment.v1 import payment_pb2 as payment

if TYPE_CHECKING:
    from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper


def word(enum: EnumTypeWrapper, value: int) -> str:
    """Return `declined` for PAYMENT_STATE_DECLINED; a newer value is shown as its number."""
    names = enum.DESCRIPTOR.values_by_number
    if value not in names:
        return f"not known ({value})"
    prefix = names[0].name.removesuffix("UNSPECIFIED")
    return str(names[value].name.removeprefix(prefix).lower().replace("_", " "))


NEXT_STEPS = {
    payment.NEXT_STEP_RETRY_SAME_ID: "send it again with the same id; that can not charge twice",
    payment.NEXT_STEP_ENTER_PIN: "try again with the right PIN",
    payment.NEXT_STEP_INSERT_CARD: "insert the card and try again",
    payment.NEXT_STEP_WAIT_FOR_REVERSAL: "hand over nothing; it is being undone",
    payment.NEXT_STEP_DO_NOT_RETRY: "do not try this again",
    payment.NEXT_STEP_USE_ANOTHER_CARD: "ask for another card",
    payment.NEXT_STEP_WAIT: "wait; the answer is on its way",
    payment.NEXT_STEP_CORRECT_REQUEST: "correct the request; it can never be accepted as it is",
}
"""Instructions for a cashier. A step that is not here asks for nothing."""

RESPONSE_CODES = {
    "00": "approved",
    "05": "declined by the card's bank",
    "10": "approved for a part of the amount",
    "1A": "insert the card and enter the PIN",
    "41": "card was reported lost",
    "43": "card was reported stolen",
    "51": "not enough money",
    "54": "card has expired",
    "55": "wrong PIN",
    "75": "too many wrong PINs",
    "91": "card's bank cannot be reached",
    "96": "processing error",
}
"""ISO 8583:1987 DE 39, the codes that people meet most."""


def response_word(code: str) -> str:
    """Return `51 not enough money`."""
    return f"{code} {RESPONSE_CODES.get(code, '')}".strip()
