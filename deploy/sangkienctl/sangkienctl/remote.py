"""A remote platform, reached by its public address, with tokens from its OpenID Connect issuer or a given
token. It stores no secret and no token on disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from sangkienctl.home import PlatformError
from sangkienctl.tokens import mint

TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class Client:
    """A confidential client of an issuer, allowed to use client credentials and passwords of demo accounts.

    issuer: the address above `/.well-known/openid-configuration`, no trailing slash.
    """

    issuer: str
    id: str
    secret: str = field(repr=False)


class RemotePlatform:
    """gateway: the public address, no trailing slash; passwords: of the demo accounts, by user name.

    Either the client or an administrator's token is required; a token alone cannot sign in demo accounts.
    """

    def __init__(
        self,
        gateway: str,
        *,
        client: Client | None = None,
        token: str | None = None,
        passwords: Mapping[str, str] | None = None,
    ) -> None:
        self.gateway = gateway
        self._client = client
        self._token = token
        self._passwords = passwords or {}
        self._endpoint: str | None = None

    def token(self, username: str) -> str:
        """A token for a demo account. Raises PlatformError if the issuer refuses it."""
        if username not in self._passwords:
            raise PlatformError(f"the password of {username} is not known")
        form = {"grant_type": "password", "username": username, "password": self._passwords[username]}
        return self._mint(form | {"scope": "openid"})

    def service_token(self, *roles: str) -> str:
        """The given token, or one for the client itself; the issuer decides which roles it has."""
        return self._token if self._token is not None else self._mint({"grant_type": "client_credentials"})

    def _mint(self, form: Mapping[str, str]) -> str:
        if self._client is None:
            raise PlatformError("there is no client to sign in with; give --client-secret")
        if self._endpoint is None:
            self._endpoint = _token_endpoint(self._client.issuer)
        return mint(self._endpoint, form, (self._client.id, self._client.secret))


def _token_endpoint(issuer: str) -> str:
    address = f"{issuer}/.well-known/openid-configuration"
    try:
        answer = httpx.get(address, timeout=TIMEOUT_SECONDS, trust_env=False)
        document: Any = answer.json() if answer.is_success else {}
        endpoint = document.get("token_endpoint")
    except (httpx.TransportError, ValueError, AttributeError) as error:
        raise PlatformError(f"{address} does not answer like an issuer ({error}); check --issuer") from error
    if not isinstance(endpoint, str):
        raise PlatformError(f"{address} names no token endpoint (HTTP {answer.status_code}); check --issuer")
    return endpoint
