"""An issuer of access tokens for tests: one key pair, its public key set, and signed tokens."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from joserfc import jwk, jws, jwt

from chassis.tokens import TokenVerifier

ISSUER = "https://issuer.test"
AUDIENCE = "sangkien"
JWKS_URL = "https://issuer.test/jwks"


@lru_cache
def rsa_key(kid: str = "rsa-1", bits: int = 2048) -> jwk.RSAKey:
    return jwk.RSAKey.generate_key(bits, {"kid": kid})


@lru_cache
def ec_key(kid: str = "ec-1", curve: str = "P-256") -> jwk.ECKey:
    return jwk.ECKey.generate_key(curve, {"kid": kid})


def key_set(*keys: jwk.Key) -> dict[str, Any]:
    return {"keys": [dict(key.as_dict(private=False)) for key in keys]}


def claims(subject: str = "m-0000000001", **changes: Any) -> dict[str, Any]:
    """Claims that are valid for five minutes; a change to None removes the claim."""
    now = int(time.time())
    whole = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 300, **changes}
    return {name: value for name, value in whole.items() if value is not None}


def token(
    payload: Mapping[str, Any] | None = None,
    *,
    key: jwk.Key | None = None,
    algorithm: str = "RS256",
    header: Mapping[str, Any] | None = None,
    **changes: Any,
) -> str:
    """A signed token; its claims are `payload`, or `claims(**changes)`."""
    key = key or rsa_key()
    whole = {"alg": algorithm, "kid": key.kid, **(header or {})}
    body = claims(**changes) if payload is None else dict(payload)
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    return jwt.encode({k: v for k, v in whole.items() if v is not None}, body, key, registry=registry)


def verifier(*keys: jwk.Key, **options: Any) -> TokenVerifier:
    """A verifier with these keys (the default pair if none is given), without network."""
    document = key_set(*(keys or (rsa_key(), ec_key())))
    defaults: dict[str, Any] = {
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "jwks_url": JWKS_URL,
        "fetch": lambda url: document,
    }
    return TokenVerifier(**{**defaults, **options})


def bearer(subject: str = "m-0000000001", *grants: tuple[str, str], **changes: Any) -> dict[str, str]:
    """The Authorization header of a subject with (role, unit) grants."""
    granted = [{"role": role, "unit": unit} for role, unit in grants]
    return {"Authorization": "Bearer " + token(subject=subject, grants=granted, **changes)}
