"""Access tokens from the embedded issuer for the operators' command. It keeps none on disk."""

from __future__ import annotations

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
        """A token of a demo account; PlatformError when there is no such account."""
        return self._mint({"grant_type": DEMO_ACCOUNT_GRANT, "username": username})

    def for_client(self, *roles: str) -> str:
        """A token of this command itself, with the roles (admin, operator) over the whole tree."""
        return self._mint({"grant_type": "client_credentials", "scope": " ".join(roles)})

    def _mint(self, form: dict[str, str]) -> str:
        try:
            answer = httpx.post(
                f"{self._base}/token", data=form, auth=(CLIENT_ID, self._secret), timeout=10, trust_env=False
            )
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
