"""Cache of the issuer's public keys: an unknown `kid` triggers a rate-limited refetch; cached keys stay valid
while the issuer is unreachable. Only keys of the pinned algorithms are accepted.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
import urllib3
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, RSAKey, import_key

from chassis import metrics

Fetch = Callable[[str], Mapping[str, Any]]

FRESH_SECONDS = 600.0
RETRY_SECONDS = 10.0
SMALLEST_RSA_BITS = 2048
_TIMEOUT_SECONDS = 3.0
_SIZE_LIMIT = 256 * 1024

_log = logging.getLogger(__name__)


class KeysUnavailable(Exception):
    """No keys have been fetched yet, and the issuer does not answer."""


def fetch_key_set(url: str) -> Mapping[str, Any]:
    """The JSON object at `url`. Raises OSError, urllib3's HTTPError or ValueError if it cannot be fetched."""
    with urllib3.PoolManager(num_pools=1) as pool:
        timeout = urllib3.Timeout(total=_TIMEOUT_SECONDS)
        with pool.request(
            "GET", url, timeout=timeout, retries=False, redirect=False, preload_content=False
        ) as response:
            if response.status != 200:
                raise ValueError(f"the key set answers with status {response.status}")
            body = response.read(_SIZE_LIMIT + 1)
    if len(body) > _SIZE_LIMIT:
        raise ValueError("the key set is too long")
    document = orjson.loads(body)
    if not isinstance(document, dict):
        raise ValueError("the key set is not a JSON object")
    return document


class IssuerKeys:
    """Public keys by (key id, algorithm); thread-safe. The caller passes the time, in seconds of one
    clock."""

    def __init__(self, url: str, algorithms: Sequence[str], fetch: Fetch) -> None:
        self._url = url
        self._algorithms = tuple(algorithms)
        self._fetch = fetch
        self._keys: Mapping[tuple[str | None, str], Key] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._lock = threading.Lock()
        # Raised whenever the keys are others: what was verified with those of before is to be verified again.
        self.generation = 0

    def find(self, kid: str | None, algorithm: str, now: float) -> Key | None:
        """The key for a token's header, None if the issuer has no such key. Without a key id, the issuer's
        only key of that algorithm. Raises KeysUnavailable if no keys have been fetched."""
        key = self._keys.get((kid, algorithm))
        if key is not None:
            if now - (self._fetched_at or 0.0) > FRESH_SECONDS:
                self._refresh(now, wait=False)
            return self._keys.get((kid, algorithm))
        self._refresh(now, wait=True)
        if self._fetched_at is None:
            raise KeysUnavailable
        return self._keys.get((kid, algorithm))

    def _refresh(self, now: float, *, wait: bool) -> None:
        # One thread queries the issuer; others wait only if they have no key to use.
        if not self._lock.acquire(blocking=wait):
            return
        try:
            if self._tried_at is not None and 0 <= now - self._tried_at < RETRY_SECONDS:
                return
            self._tried_at = now
            keys = _usable(self._fetch(self._url), self._algorithms)
        except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
            metrics.KEY_SET_FETCHES.labels("failed").inc()
            _log.warning("the issuer's keys cannot be fetched", extra={"reason": type(error).__name__})
        else:
            metrics.KEY_SET_FETCHES.labels("ok").inc()
            if _material(keys) != _material(self._keys):
                self.generation += 1
            self._keys, self._fetched_at = keys, now
        finally:
            self._lock.release()


def _material(keys: Mapping[tuple[str | None, str], Key]) -> dict[tuple[str | None, str], str]:
    # By what they are, not by their names: another key under an old name makes every earlier answer stale.
    return {name: key.thumbprint() for name, key in keys.items()}


def _usable(document: Mapping[str, Any], algorithms: Sequence[str]) -> dict[tuple[str | None, str], Key]:
    entries = document.get("keys")
    if not isinstance(entries, list):
        raise ValueError("the key set has no list of keys")
    keys: dict[tuple[str | None, str], Key] = {}
    by_algorithm: dict[str, list[Key]] = {}
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        for algorithm in algorithms:
            key = _public_key(entry, algorithm)
            if key is None:
                continue
            by_algorithm.setdefault(algorithm, []).append(key)
            if isinstance(entry.get("kid"), str):
                keys[entry["kid"], algorithm] = key
    for algorithm, candidates in by_algorithm.items():
        if len(candidates) == 1:
            keys[None, algorithm] = candidates[0]
    return keys


def _public_key(entry: Mapping[str, Any], algorithm: str) -> Key | None:
    """The key, if it may verify this algorithm. The type must match the algorithm, so that a public key can
    never be used as the secret of another algorithm."""
    if entry.get("use", "sig") != "sig" or entry.get("alg", algorithm) != algorithm:
        return None
    public = {
        name: value for name, value in entry.items() if name in ("kty", "kid", "n", "e", "crv", "x", "y")
    }
    kind, curve = (RSAKey, None) if algorithm.startswith(("RS", "PS")) else (ECKey, _CURVES.get(algorithm))
    if public.get("kty") != kind.key_type or (curve is not None and public.get("crv") != curve):
        return None
    try:
        key = import_key(public)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, RSAKey) and key.raw_value.key_size < SMALLEST_RSA_BITS:
        return None
    return key


_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
