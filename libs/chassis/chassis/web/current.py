"""What belongs to the request at hand: its principal and its language. Tokens are verified on first use, so a
public route pays nothing for them.
"""

from __future__ import annotations

from chassis.tokens import Principal


def principal() -> Principal:
    """Who makes the request; Problem 401 when nobody is signed in or the token does not hold."""
    raise NotImplementedError


def optional_principal() -> Principal | None:
    """Who makes the request, or None without a token; Problem 401 when there is one that does not hold."""
    raise NotImplementedError
