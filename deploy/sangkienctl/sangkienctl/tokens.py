"""Access tokens from an issuer for the operators' command. It stores none on disk."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from sangkienctl.home import PlatformError

CLIENT_ID = "sangkienctl"
DEMO_ACCOUNT_GRANT = "urn:sangkien:grant-type:demo-account"


class TokenSource:
    """Mints tokens with the client secret of the home. base: the issuer's address, no trailing slash."""

    def __init__(self, base: str, secret: str) -> None:
        self._base = base
        self._secret = secret

    def for_account(self, username: str) -> str:
        """A token for a demo account. Raises PlatformError if there is no such account."""
        return self._mint({"grant_type": DEMO_ACCOUNT_GRANT, "username": username})

    def for_client(self, *roles: str) -> str:
        """A token for this command itself, with the roles (admin, operator) over the whole tree."""
        return self._mint({"grant_type": "client_credentials", "scope": " ".join(roles)})

    def _mint(self, form: Mapping[str, str]) -> str:
        return mint(f"{self._base}/token", form, (CLIENT_ID, self._secret))


def mint(endpoint: str, form: Mapping[str, str], client: tuple[str, str]) -> str:
    """An access token from a token endpoint. client: (id, secret). Raises PlatformError with the issuer's
    reason."""
    try:
        answer = httpx.post(endpoint, data=dict(form), auth=client, timeout=10, trust_env=False)
    except httpx.TransportError as error:
        raise PlatformError(f"the issuer does not answer ({error}); is the platform up?") from error
    if answer.status_code != 200:
        try:
            reason = answer.json().get("error_description") or answer.json()["error"]
        except (ValueError, KeyError):
            reason = f"HTTP {answer.status_code}"
        raise PlatformError(f"the issuer gave no token: {reason}")
    token: str = answer.json()["access_token"]
    return token
