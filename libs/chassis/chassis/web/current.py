"""What belongs to the request at hand: its principal and its language. Tokens are verified on first use, so a
public route pays nothing for them.
"""

from __future__ import annotations

from typing import cast

from flask import current_app, request

from chassis.problems import COMMON, Language, Problem, preferred_language
from chassis.tokens import Principal, TokenVerifier

VERIFIER = "chassis.verifier"
_PRINCIPAL = "chassis.principal"


def principal() -> Principal:
    """Who makes the request; Problem 401 when nobody is signed in or the token does not hold."""
    found = optional_principal()
    if found is None:
        raise Problem(COMMON["not-authenticated"])
    return found


def optional_principal() -> Principal | None:
    """Who makes the request, or None without a token; Problem 401 when there is one that does not hold."""
    environ = request.environ
    if _PRINCIPAL in environ:
        return cast("Principal | None", environ[_PRINCIPAL])
    value = environ.get("HTTP_AUTHORIZATION")
    found = None
    if value is not None:
        scheme, _, token = value.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Problem(COMMON["not-authenticated"])
        verifier: TokenVerifier = current_app.extensions[VERIFIER]
        found = verifier.verify(token.strip())
    environ[_PRINCIPAL] = found
    return found


def language() -> Language:
    """The language of messages to this client."""
    return preferred_language(request.headers.get("Accept-Language"))
