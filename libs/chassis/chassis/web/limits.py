"""How many requests one person or one client address may make; the one declaration for every service, made by
`create_app` from the settings. Buckets are per process, see chassis.rates.

A change (POST, PUT, PATCH, DELETE) is counted for the person who signed it. Whatever nobody signed is counted
for the address of the client, as the gateway saw it. Signed reads are not limited.
"""

from __future__ import annotations

import ipaddress
import math
from typing import Protocol

from chassis.problems import COMMON, Problem
from chassis.rates import Buckets, Grant, Rate
from chassis.web.current import optional_principal
from chassis.web.health import PATHS
from chassis.web.json_body import current_request

RATE_LIMIT = "chassis.rate_limit"
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
# A person's or a household's IPv6 network; a single address of it costs nothing to change.
_IPV6_NETWORK = 64


class LimitSettings(Protocol):
    """The part of the settings that is needed here; a rate of 0 sets no limit."""

    @property
    def write_rate(self) -> float: ...
    @property
    def write_burst(self) -> int: ...
    @property
    def anonymous_rate(self) -> float: ...
    @property
    def anonymous_burst(self) -> int: ...
    @property
    def proxy_hops(self) -> int: ...


class Limits:
    """Checks each request before its body is read."""

    def __init__(self, settings: LimitSettings) -> None:
        self._writes = _buckets(settings.write_rate, settings.write_burst)
        self._anonymous = _buckets(settings.anonymous_rate, settings.anonymous_burst)
        self._hops = settings.proxy_hops

    def check(self) -> None:
        """Problem 429 with Retry-After when the bucket of this request is empty."""
        environ = current_request().environ
        if environ["PATH_INFO"] in PATHS:
            return
        is_read = environ["REQUEST_METHOD"] in _READS
        subject = _subject()
        if subject is None:
            if self._anonymous is not None:
                self._take(self._anonymous, "anonymous", client_address(environ, self._hops), None)
        elif not is_read and self._writes is not None:
            self._take(self._writes, "writes", subject, environ)

    @staticmethod
    def _take(buckets: Buckets, name: str, key: str, environ: dict[str, object] | None) -> None:
        grant = buckets.take(key)
        headers = _headers(name, buckets.rate, grant)
        if not grant.allowed:
            seconds = max(1, math.ceil(grant.seconds))
            retry = {"Retry-After": str(seconds)}
            raise Problem(COMMON["too-many-requests"], headers={**headers, **retry}, seconds=seconds)
        # Public answers are kept by shared caches: they say nothing of one client.
        if environ is not None:
            environ[RATE_LIMIT] = list(headers.items())


def client_address(environ: dict[str, object], hops: int) -> str:
    """The address that is counted. hops: how many proxies stand in front, each of which appends to
    X-Forwarded-For the address that it saw; what a client wrote there itself lies further left."""
    peer = str(environ.get("REMOTE_ADDR") or "")
    if hops > 0:
        seen = str(environ.get("HTTP_X_FORWARDED_FOR") or "").split(",")
        peer = seen[-hops].strip() if len(seen) >= hops and seen[-hops].strip() else peer
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, _IPV6_NETWORK), strict=False))
    return str(address)


def _subject() -> str | None:
    try:
        person = optional_principal()
    except Problem:
        # What a token that does not hold means is for the route to say.
        return None
    return None if person is None else person.subject


def _headers(name: str, rate: Rate, grant: Grant) -> dict[str, str]:
    """RateLimit header fields for HTTP, draft-ietf-httpapi-ratelimit-headers-10."""
    window = max(1, math.ceil(rate.burst / rate.per_second))
    return {
        "RateLimit-Policy": f'"{name}";q={rate.burst};w={window}',
        "RateLimit": f'"{name}";r={grant.remaining};t={math.ceil(grant.seconds)}',
    }


def _buckets(per_second: float, burst: int) -> Buckets | None:
    return Buckets(Rate(per_second, burst)) if per_second > 0 else None
