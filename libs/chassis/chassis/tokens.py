"""Verifies access tokens (JWT, RFC 9068) against the issuer's key set and turns them into principals. It never
logs a token, a subject or a name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.clock import Clock, utc_now

Fetch = Callable[[str], Mapping[str, Any]]


@dataclass(frozen=True)
class Grant:
    """A role held on a unit, and so on the units below it."""

    role: str
    unit: str


@dataclass(frozen=True)
class Principal:
    """Who makes the request. name and client are for screens and technical checks, never for logs or events."""

    subject: str
    grants: tuple[Grant, ...] = ()
    name: str | None = None
    client: str | None = None

    def units(self, role: str) -> frozenset[str]:
        """The units on which this role is held."""
        return frozenset(grant.unit for grant in self.grants if grant.role == role)


def fetch_key_set(url: str) -> Mapping[str, Any]:
    """The JSON object at `url`; OSError or ValueError when there is none."""
    raise NotImplementedError


class TokenVerifier:
    """Checks signature, algorithm, issuer, audience and times of tokens; thread-safe."""

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        jwks_url: str,
        algorithms: Sequence[str] = ("RS256", "ES256"),
        fetch: Fetch = fetch_key_set,
        clock: Clock = utc_now,
    ) -> None:
        self._issuer = issuer

    def verify(self, token: str) -> Principal:
        """The principal of a token. Problem `not-authenticated` or `token-expired` (401) when it does not hold,
        `unavailable` (503) while the issuer's keys were never seen."""
        raise NotImplementedError
