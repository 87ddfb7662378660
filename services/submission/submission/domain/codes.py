"""The human code of an initiative: unit, year and a number that one can read out. The number is drawn at
random, so that no counter is shared, and ends in a check digit, so that a slip of the pen is noticed.
"""

from __future__ import annotations

import re

RANDOM_DIGITS = 7
NUMBERS = 10**RANDOM_DIGITS

_CODE = re.compile(r"([A-Z0-9][A-Z0-9-]{0,63})-([0-9]{4})-([0-9]{8})", re.ASCII)


def check_digit(digits: str) -> str:
    """The digit to append, by Luhn's algorithm: it notices any one wrong digit and nearly every swap of
    two."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit)
        if position % 2 == 0:
            value *= 2
            if value > 9:
                value -= 9
        total += value
    return str(-total % 10)


def compose(unit: str, year: int, number: int) -> str:
    """The code for a number drawn from 0 <= number < NUMBERS."""
    if not 0 <= number < NUMBERS:
        raise ValueError(f"a number has at most {RANDOM_DIGITS} digits: {number}")
    digits = f"{number:0{RANDOM_DIGITS}d}"
    return f"{unit}-{year:04d}-{digits}{check_digit(digits)}"


def is_well_formed(code: str) -> bool:
    """Whether the code has the right shape and its check digit fits; says nothing about its existence."""
    match = _CODE.fullmatch(code)
    return match is not None and check_digit(match[3][:-1]) == match[3][-1]
