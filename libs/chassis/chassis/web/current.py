"""What belongs to the request at hand: its principal and its language. Tokens are verified on first use, so a
public route pays nothing for them.
"""

from __future__ import annotations

from flask import current_app, request

from chassis.problems import COMMON, Language, Problem, preferred_language
from chassis.tokens import Principal, TokenVerifier
from chassis.web.json_body import current_request

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
    environ = current_request().environ
    value = environ.get("HTTP_AUTHORIZATION")
    if value is None:
        return None
    known: Principal | None = environ.get(_PRINCIPAL)
    if known is not None:
        return known
    scheme, _, token = value.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem(COMMON["not-authenticated"])
    verifier: TokenVerifier = current_app.extensions[VERIFIER]
    found = environ[_PRINCIPAL] = verifier.verify(token.strip())
    return found


def language() -> Language:
    """The language of messages to this client."""
    return preferred_language(request.headers.get("Accept-Language"))
