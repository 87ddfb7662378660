"""The two clients that the issuer knows: the portal (public, PKCE) and the operators' command
(confidential).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from authlib.oauth2.rfc6749 import ClientMixin

from embedded.issuer.settings import IssuerSettings

DEMO_ACCOUNT_GRANT = "urn:sangkien:grant-type:demo-account"
IDENTITY_SCOPES = ("openid", "profile", "email", "offline_access")
OPERATOR_ROLES = ("admin", "operator")


@dataclass(frozen=True)
class Client(ClientMixin):  # type: ignore[misc]  # Authlib ships no types
    """One client. secret: None for a public one."""

    client_id: str
    secret: str | None
    redirect_uris: tuple[str, ...]
    grant_types: frozenset[str]
    scopes: tuple[str, ...]

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        return None  # always to be named by the request

    def get_allowed_scope(self, scope: str | None) -> str:
        asked = (scope or "").split()
        return " ".join(name for name in self.scopes if name in asked)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return self.secret is not None and hmac.compare_digest(self.secret.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        allowed = ("none",) if self.secret is None else ("client_secret_basic", "client_secret_post")
        return method in allowed

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and "authorization_code" in self.grant_types

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grant_types


def known_clients(settings: IssuerSettings) -> dict[str, Client]:
    portal = Client(
        client_id="portal",
        secret=None,
        redirect_uris=settings.redirect_uris,
        grant_types=frozenset({"authorization_code", "refresh_token"}),
        scopes=IDENTITY_SCOPES,
    )
    operators = Client(
        client_id="sangkienctl",
        secret=settings.operator_secret,
        redirect_uris=(),
        grant_types=frozenset({"client_credentials", DEMO_ACCOUNT_GRANT}),
        scopes=(*IDENTITY_SCOPES, *OPERATOR_ROLES),
    )
    return {client.client_id: client for client in (portal, operators)}
