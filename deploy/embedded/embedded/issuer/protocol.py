"""OAuth 2.0 and OpenID Connect with Authlib: grants, tokens and their claims. No pages and no routes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, grants
from authlib.oauth2.rfc6749.grants import BaseGrant, TokenEndpointMixin
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask
from joserfc import jwt
from joserfc.errors import JoseError

from embedded.issuer.accounts import Account, Accounts
from embedded.issuer.clients import DEMO_ACCOUNT_GRANT, OPERATOR_ROLES, Client, known_clients
from embedded.issuer.keys import ALGORITHM, SigningKeys
from embedded.issuer.settings import IssuerSettings
from embedded.issuer.store import Store, StoredCode, StoredRefreshToken

ROOT_UNIT = "TLD"
CODE_SECONDS = 60
ID_TOKEN_SECONDS = 3600
REFRESH_SECONDS = 14 * 24 * 3600
ACCESS_SECONDS = {
    "authorization_code": 900,
    "refresh_token": 900,
    "client_credentials": 3600,
    DEMO_ACCOUNT_GRANT: 3600,
}

Clock = Callable[[], float]


@dataclass(frozen=True)
class Issuer:
    """The dependencies of the grants; one per application. clock: seconds since 1970."""

    settings: IssuerSettings
    store: Store
    keys: SigningKeys
    accounts: Accounts
    clients: dict[str, Client]
    clock: Clock

    def now(self) -> int:
        return int(self.clock())


def make_issuer(settings: IssuerSettings, clock: Clock = time.time) -> Issuer:
    store = Store(settings.data)
    return Issuer(
        settings=settings,
        store=store,
        keys=SigningKeys(settings.data),
        accounts=Accounts(settings.accounts, store),
        clients=known_clients(settings),
        clock=clock,
    )


def user_claims(account: Account, scope: str) -> dict[str, Any]:
    """The claims of ID tokens and of the userinfo answer."""
    wanted = scope.split()
    claims: dict[str, Any] = {"sub": account.member_id}
    if "profile" in wanted:
        claims |= {"name": account.name, "preferred_username": account.username, "locale": account.locale}
        claims["grants"] = [dict(grant) for grant in account.grants]
    if "email" in wanted:
        claims |= {"email": account.email, "email_verified": True}
    return claims


def read_access_token(issuer: Issuer, token: str) -> dict[str, Any] | None:
    """The claims of one of our own access tokens if it is valid, else None."""
    try:
        decoded = jwt.decode(token, issuer.keys.key_set, algorithms=[ALGORITHM])
    except (JoseError, ValueError):
        return None
    claims: dict[str, Any] = decoded.claims
    holds = (
        decoded.header.get("typ") == "at+jwt"
        and claims.get("iss") == issuer.settings.url
        and claims.get("exp", 0) > issuer.now()
    )
    return claims if holds else None


class AccessTokens(JWTBearerTokenGenerator):  # type: ignore[misc]
    """Access tokens as JWT (RFC 9068) with the grants that the services read."""

    def __init__(self, issuer: Issuer) -> None:
        super().__init__(
            issuer=issuer.settings.url,
            alg=ALGORITHM,
            refresh_token_generator=lambda **_: secrets.token_urlsafe(32),
            expires_generator=lambda client, grant_type: ACCESS_SECONDS[grant_type],
        )
        self._known = issuer

    def get_jwks(self) -> Any:
        return self._known.keys.key_set

    def get_audiences(self, client: Client, user: Account | None, scope: str) -> str:
        return self._known.settings.audience

    def get_extra_claims(
        self, client: Client, grant_type: str, user: Account | None, scope: str
    ) -> dict[str, Any]:
        if user is not None:
            return {"name": user.name, "grants": [dict(grant) for grant in user.grants]}
        roles = [role for role in OPERATOR_ROLES if role in (scope or "").split()]
        return {
            "name": client.client_id,
            "sub": f"m-{client.client_id}",
            "grants": [{"role": role, "unit": ROOT_UNIT} for role in roles],
        }


@dataclass(frozen=True)
class IssuedCode:
    """An authorization code in the form that Authlib expects."""

    stored: StoredCode

    def get_redirect_uri(self) -> str:
        return self.stored.redirect_uri

    def get_scope(self) -> str:
        return self.stored.scope

    def get_nonce(self) -> str | None:
        return self.stored.nonce

    def get_auth_time(self) -> int:
        return self.stored.auth_time

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> list[str]:
        return ["pwd"]

    @property
    def code_challenge(self) -> str:
        return self.stored.challenge

    @property
    def code_challenge_method(self) -> str:
        return "S256"


@dataclass(frozen=True)
class IssuedRefreshToken:
    """A refresh token in the form that Authlib expects."""

    stored: StoredRefreshToken

    def get_scope(self) -> str:
        return self.stored.scope

    def check_client(self, client: Client) -> bool:
        return client.client_id == self.stored.client_id


class S256Only(CodeChallenge):  # type: ignore[misc]
    """PKCE for all clients, only with S256 (RFC 9700)."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("PKCE with 'code_challenge_method=S256' is required")
        super().validate_code_challenge(grant, redirect_uri)


def make_server(app: Flask, issuer: Issuer) -> AuthorizationServer:
    """Authlib's server with our grants, stores and claims."""
    server = AuthorizationServer(app, query_client=issuer.clients.get, save_token=_saver(issuer))
    server.register_token_generator("default", AccessTokens(issuer))
    server.register_grant(_code_grant(issuer), [S256Only(required=True), _id_tokens(issuer)])
    server.register_grant(_refresh_grant(issuer))
    server.register_grant(_client_credentials_grant())
    server.register_grant(_demo_account_grant(issuer))
    return server


def _saver(issuer: Issuer) -> Callable[[dict[str, Any], Any], None]:
    def save(token: dict[str, Any], request: Any) -> None:
        if "refresh_token" not in token:
            return
        earlier = getattr(request, "refresh_token", None)
        now = issuer.now()
        issuer.store.add_refresh_token(
            token["refresh_token"],
            family=earlier.stored.family if earlier else secrets.token_hex(16),
            client_id=request.client.client_id,
            username=request.user.username,
            scope=token["scope"],
            # Rotation does not prolong a sign-in.
            expires=earlier.stored.expires if earlier else now + REFRESH_SECONDS,
            now=now,
        )

    return save


def _code_grant(issuer: Issuer) -> type:
    class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

        def save_authorization_code(self, code: str, request: Any) -> None:
            data = request.payload.data
            now = issuer.now()
            stored = StoredCode(
                client_id=request.client.client_id,
                username=request.user.username,
                redirect_uri=request.payload.redirect_uri,
                scope=request.client.get_allowed_scope(request.payload.scope),
                nonce=data.get("nonce"),
                challenge=data["code_challenge"],
                auth_time=request.auth_time,
                expires=now + CODE_SECONDS,
            )
            issuer.store.add_code(code, stored, now)

        def query_authorization_code(self, code: str, client: Client) -> IssuedCode | None:
            stored = issuer.store.take_code(code)
            if stored is None or stored.client_id != client.client_id or stored.expires < issuer.now():
                return None
            return IssuedCode(stored)

        def delete_authorization_code(self, authorization_code: IssuedCode) -> None:
            pass  # take_code has deleted it

        def authenticate_user(self, authorization_code: IssuedCode) -> Account | None:
            return issuer.accounts.named(authorization_code.stored.username)

    return CodeGrant


def _id_tokens(issuer: Issuer) -> OpenIDCode:
    class IdTokens(OpenIDCode):  # type: ignore[misc]
        def exists_nonce(self, nonce: str, request: Any) -> bool:
            return False  # a code is valid once and bound by PKCE; a replay gains nothing

        def resolve_client_private_key(self, client: Client) -> Any:
            return issuer.keys.signing

        def get_client_algorithm(self, client: Client) -> str:
            return ALGORITHM

        def get_encode_header(self, client: Client) -> dict[str, str]:
            return {"alg": ALGORITHM, "kid": str(issuer.keys.key_id)}

        def get_client_claims(self, client: Client) -> dict[str, Any]:
            now = issuer.now()
            expiry = {"iat": now, "exp": now + ID_TOKEN_SECONDS}
            return {"iss": issuer.settings.url, "aud": [client.client_id], **expiry}

        def generate_user_info(self, user: Account, scope: str) -> dict[str, Any]:
            return user_claims(user, scope)

    return IdTokens(require_nonce=False)


def _refresh_grant(issuer: Issuer) -> type:
    class RefreshGrant(grants.RefreshTokenGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ("none",)
        INCLUDE_NEW_REFRESH_TOKEN = True

        def authenticate_refresh_token(self, refresh_token: str) -> IssuedRefreshToken | None:
            stored = issuer.store.refresh_token(refresh_token)
            if stored is None or stored.expires < issuer.now():
                return None
            if stored.used:
                # Somebody has a copy of the token: end the whole sign-in (RFC 9700, 4.14.2).
                issuer.store.revoke_family(stored.family)
                return None
            return IssuedRefreshToken(stored)

        def authenticate_user(self, refresh_token: IssuedRefreshToken) -> Account | None:
            return issuer.accounts.named(refresh_token.stored.username)

        def revoke_old_credential(self, refresh_token: IssuedRefreshToken) -> None:
            if not issuer.store.use_refresh_token(refresh_token.stored):
                issuer.store.revoke_family(refresh_token.stored.family)
                raise InvalidGrantError("the refresh token was used twice at once")

    return RefreshGrant


def _client_credentials_grant() -> type:
    class ClientCredentialsGrant(grants.ClientCredentialsGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

    return ClientCredentialsGrant


def _demo_account_grant(issuer: Issuer) -> type:
    class DemoAccountGrant(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]
        """A token of any demo account for the operators' command, so that scripts need no browser."""

        GRANT_TYPE = DEMO_ACCOUNT_GRANT
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

        def validate_token_request(self) -> None:
            client = self.authenticate_token_endpoint_client()
            if not client.check_grant_type(self.GRANT_TYPE):
                raise InvalidGrantError("the client may not use this grant")
            username = self.request.form.get("username", "")
            account = issuer.accounts.named(username)
            if account is None:
                raise InvalidGrantError("no such demo account; deploy/sample/accounts.json lists them")
            self.request.client = client
            self.request.user = account

        def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
            token = self.generate_token(
                user=self.request.user, scope="openid profile email", include_refresh_token=False
            )
            return 200, token, self.TOKEN_RESPONSE_HEADER

    return DemoAccountGrant


__all__ = ["Issuer", "OAuth2Error", "make_issuer", "make_server", "read_access_token", "user_claims"]
