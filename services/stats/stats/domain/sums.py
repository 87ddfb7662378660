"""Sums without a greatest value: an exact integer of any size as two parts that each fit into 64 bits.

A sum is `low + high * LIMB`. Each part may have either sign and need not be in any normal form, so the same
parts stay exact when they are replaced by `stored`, incremented by `split`, or both in turn.
"""

from __future__ import annotations

# One increment adds less than LIMB to the low part: 9 * 10^9 of them fit into 64 bits, and as many of the
# greatest amount (10^15 = 10^6 limbs) into the high part.
LIMB = 10**9
# Far above any plausible sum (the programme of 2021 to 2023: 3.3 * 10^13), far below 2^63.
GREATEST_PLAIN = 10**18


def split(number: int) -> tuple[int, int]:
    """The parts, low and high, by which two stored parts are incremented to add `number`."""
    high, low = divmod(number, LIMB)
    return low, high


def stored(number: int) -> tuple[int, int]:
    """The parts, low and high, to store: the number itself as long as it is plausible, so that whoever knows
    no high part still reads it right."""
    return (number, 0) if -GREATEST_PLAIN <= number <= GREATEST_PLAIN else split(number)


def joined(low: int, high: int) -> int:
    """The sum that these parts stand for."""
    return low + high * LIMB
