"""Verifies access tokens (JWT, RFC 9068) against the issuer's keys and turns them into principals. It never
logs a token, a subject or a name.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import orjson
from joserfc import jws
from joserfc.errors import JoseError

from chassis import metrics
from chassis.clock import Clock, utc_now
from chassis.issuer_keys import Fetch, IssuerKeys, KeysUnavailable, fetch_key_set
from chassis.problems import COMMON, Problem

__all__ = ["Grant", "Principal", "TokenVerifier"]

SUPPORTED_ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}
)
LEEWAY_SECONDS = 10.0
CACHE_SIZE = 4096
_TOKEN_LIMIT = 8192
_TEXT_LIMIT = 200
_GRANTS_LIMIT = 200
_TOKEN_TYPES = (None, "JWT", "jwt", "at+jwt", "application/at+jwt")


@dataclass(frozen=True)
class Grant:
    """A role on a unit and all units below it."""

    role: str
    unit: str


@dataclass(frozen=True)
class Principal:
    """The caller of a request. name and client are for screens and technical checks, never for logs or
    events."""

    subject: str
    grants: tuple[Grant, ...] = ()
    name: str | None = None
    client: str | None = None

    def units(self, role: str) -> frozenset[str]:
        """The units on which this role is held."""
        return frozenset(grant.unit for grant in self.grants if grant.role == role)


class TokenVerifier:
    """Checks signature, algorithm, issuer, audience and times of tokens; thread-safe.

    fetch: returns the JSON object of a key set at an address. A valid token is cached by its hash until it
    expires or the issuer's keys change: verifying a signature costs more than the rest of a small request.
    """

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
        if not algorithms or not SUPPORTED_ALGORITHMS.issuperset(algorithms):
            raise ValueError(f"only asymmetric signatures are supported: {sorted(SUPPORTED_ALGORITHMS)}")
        self._issuer = issuer
        self._audience = audience
        self._algorithms = frozenset(algorithms)
        self._registry = jws.JWSRegistry(algorithms=list(algorithms))
        self._keys = IssuerKeys(jwks_url, algorithms, fetch)
        self._clock = clock
        self._known: dict[bytes, tuple[float, Principal]] = {}
        self._known_generation = 0
        self._lock = threading.Lock()

    def verify(self, token: str) -> Principal:
        """The principal of a token. Raises the problem `not-authenticated` or `token-expired` (401) if the
        token is invalid, `unavailable` (503) if the issuer's keys have never been fetched."""
        if len(token) > _TOKEN_LIMIT or not token.isascii():
            _refuse("malformed")
        digest = hashlib.sha256(token.encode()).digest()
        now = self._clock().timestamp()
        known = self._known.get(digest)
        if known is not None and self._known_generation == self._keys.generation:
            if known[0] <= now:
                with self._lock:
                    self._known.pop(digest, None)
                _refuse("expired")
            return known[1]
        expires, principal = self._check(token, now)
        self._remember(digest, expires, principal)
        return principal

    def _remember(self, digest: bytes, expires: float, principal: Principal) -> None:
        with self._lock:
            if self._known_generation != self._keys.generation:
                self._known.clear()
                self._known_generation = self._keys.generation
            while len(self._known) >= CACHE_SIZE:
                del self._known[next(iter(self._known))]
            self._known[digest] = (expires, principal)

    def _check(self, token: str, now: float) -> tuple[float, Principal]:
        header = _header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in self._algorithms:
            _refuse("algorithm")
        if "crit" in header or header.get("typ") not in _TOKEN_TYPES:
            _refuse("header")
        if kid is not None and not isinstance(kid, str):
            _refuse("header")
        try:
            key = self._keys.find(kid, algorithm, now)
        except KeysUnavailable:
            raise Problem(COMMON["unavailable"]) from None
        if key is None:
            _refuse("unknown-key")
        try:
            payload = jws.deserialize_compact(token, key, registry=self._registry).payload
        except (JoseError, ValueError, TypeError):
            _refuse("signature")
        return self._claims(payload, now)

    def _claims(self, payload: bytes, now: float) -> tuple[float, Principal]:
        claims = _object(payload)
        if claims is None:
            _refuse("malformed")
        if claims.get("iss") != self._issuer:
            _refuse("issuer")
        audience = claims.get("aud")
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            _refuse("audience")
        expires = _instant(claims.get("exp"))
        if expires is None:
            _refuse("claims")
        if expires + LEEWAY_SECONDS <= now:
            _refuse("expired")
        for name in ("nbf", "iat"):
            if name in claims:
                start = _instant(claims[name])
                if start is None or start - LEEWAY_SECONDS > now:
                    _refuse("not-yet-valid")
        return expires + LEEWAY_SECONDS, _principal(claims)


def _header(token: str) -> dict[str, Any]:
    encoded = token.partition(".")[0]
    try:
        header = _object(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (binascii.Error, ValueError):
        header = None
    if header is None:
        _refuse("malformed")
    return header


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _instant(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def _principal(claims: Mapping[str, Any]) -> Principal:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _TEXT_LIMIT:
        _refuse("claims")
    name = claims.get("name")
    client = claims.get("client_id", claims.get("azp"))
    return Principal(
        subject=subject,
        grants=_grants(claims.get("grants")),
        name=name if isinstance(name, str) else None,
        client=client if isinstance(client, str) else None,
    )


def _grants(value: object) -> tuple[Grant, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > _GRANTS_LIMIT:
        _refuse("claims")
    grants = []
    for entry in value:
        if not isinstance(entry, dict):
            _refuse("claims")
        role, unit = entry.get("role"), entry.get("unit")
        if not isinstance(role, str) or not isinstance(unit, str):
            _refuse("claims")
        grants.append(Grant(role, unit))
    return tuple(grants)


def _refuse(reason: str) -> NoReturn:
    """Refuse a token. The reason is only in the metrics; the client learns only whether to sign in again."""
    metrics.TOKENS_REFUSED.labels(reason).inc()
    headers = {"WWW-Authenticate": 'Bearer realm="sangkien", error="invalid_token"'}
    raise Problem(COMMON["token-expired" if reason == "expired" else "not-authenticated"], headers=headers)
