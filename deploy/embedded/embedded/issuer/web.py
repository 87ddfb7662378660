"""The issuer's routes and pages. Pages work without JavaScript, under a strict content security policy;
tokens,
passwords and names are never logged.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from authlib.oauth2 import OAuth2Error
from flask import Blueprint, Flask, Response, g, jsonify, redirect, render_template, request, session
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as BaseResponse

from embedded.issuer.accounts import Account
from embedded.issuer.keys import ALGORITHM
from embedded.issuer.protocol import Issuer, make_issuer, make_server, read_access_token, user_claims
from embedded.issuer.settings import IssuerSettings
from embedded.issuer.store import StoredSession
from embedded.issuer.texts import TEXTS
from embedded.issuer.throttle import Throttle

log = logging.getLogger(__name__)

SESSION_SECONDS = 8 * 3600
LARGEST_BODY = 16 * 1024


def make_app(
    settings: IssuerSettings,
    clock: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
) -> Flask:
    """The application. clock: seconds since 1970; monotonic: clock for the sign-in limits."""
    app = Flask(__name__, static_folder=None)
    issuer = make_issuer(settings, clock)
    app.config.update(
        SECRET_KEY=_session_key(issuer),
        SESSION_COOKIE_NAME="sangkien_issuer",
        SESSION_COOKIE_PATH=f"{settings.path}/",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure,
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        ISSUER=issuer,
    )
    # The gateway is the only peer and sets these headers itself: one address, the client's own or what the
    # proxies in its TRUSTED_PROXIES say.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    pages = _Pages(issuer, make_server(app, issuer), Throttle(monotonic))
    app.register_blueprint(pages.blueprint(), url_prefix=settings.path or None)
    app.add_url_rule("/livez", view_func=lambda: {"status": "alive"})
    app.after_request(_headers)
    log.warning("EVALUATION ONLY: this issuer has demo accounts with a published password")
    return app


def _session_key(issuer: Issuer) -> str:
    kept = issuer.store.setting("session_key")
    if kept is None:
        kept = secrets.token_hex(32)
        issuer.store.keep_setting("session_key", kept)
    return kept


def _headers(response: Response) -> Response:
    form_targets = " ".join(["'self'", *getattr(g, "form_targets", ())])
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; form-action {form_targets}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-store")
    return response


@dataclass(frozen=True)
class SignedIn:
    """auth_time: when the password was given, in seconds since 1970."""

    account: Account
    auth_time: int


class _Pages:
    """The views; they share one issuer."""

    def __init__(self, issuer: Issuer, server: Any, throttle: Throttle) -> None:
        self._issuer = issuer
        self._server = server
        self._throttle = throttle

    def blueprint(self) -> Blueprint:
        routes = Blueprint("issuer", __name__, template_folder="templates")
        both = ["GET", "POST"]
        routes.add_url_rule("/", view_func=self.about)
        routes.add_url_rule("/style.css", view_func=self.style)
        routes.add_url_rule("/.well-known/openid-configuration", view_func=self.discovery)
        routes.add_url_rule("/jwks", view_func=self.jwks)
        routes.add_url_rule("/authorize", view_func=self.authorize, methods=both)
        routes.add_url_rule("/token", view_func=self.token, methods=["POST"])
        routes.add_url_rule("/userinfo", view_func=self.userinfo, methods=both)
        routes.add_url_rule("/logout", view_func=self.logout, methods=both)
        return routes

    # ── documents ──

    def discovery(self) -> Response:
        url = self._issuer.settings.url
        document = {
            "issuer": url,
            "authorization_endpoint": f"{url}/authorize",
            "token_endpoint": f"{url}/token",
            "userinfo_endpoint": f"{url}/userinfo",
            "end_session_endpoint": f"{url}/logout",
            "jwks_uri": f"{url}/jwks",
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "token_endpoint_auth_methods_supported": [
                "none",
                "client_secret_basic",
                "client_secret_post",
            ],
            "code_challenge_methods_supported": ["S256"],
            "claims_supported": ["sub", "name", "preferred_username", "locale", "email", "grants"],
            "ui_locales_supported": ["vi", "en"],
            "prompt_values_supported": ["none", "login"],
        }
        response = jsonify(document)
        response.headers["Cache-Control"] = "public, max-age=300"
        return response

    def jwks(self) -> Response:
        response = jsonify(self._issuer.keys.public_document())
        response.headers["Cache-Control"] = "public, max-age=300"
        return response

    def style(self) -> Response:
        response = Response(render_template("style.css"), mimetype="text/css")
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response

    def about(self) -> str:
        texts = self._texts()
        return self._page("message.html", texts["about"], message=texts["about_text"])

    # ── protocol ──

    def token(self) -> Response:
        try:
            answer: Response = self._server.create_token_response()
        except (OAuth2Error, ValueError) as error:
            # Makes Authlib refuse plain HTTP from other machines, and characters that it cannot quote.
            answer = jsonify({"error": getattr(error, "error", "invalid_request")})
            answer.status_code = 400
        return answer

    def userinfo(self) -> Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        claims = read_access_token(self._issuer, token.strip()) if scheme.lower() == "bearer" else None
        account = self._issuer.accounts.with_member_id(claims["sub"]) if claims else None
        if claims is None or account is None or "openid" not in claims.get("scope", "").split():
            response = jsonify({"error": "invalid_token"})
            response.status_code = 401
            response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
            return response
        return jsonify(user_claims(account, claims["scope"]))

    def authorize(self) -> Response | tuple[str, int] | tuple[str, int, dict[str, str]] | str:
        try:
            signed_in = self._recently_signed_in()
            grant = self._server.get_consent_grant(end_user=signed_in.account if signed_in else None)
        except OAuth2Error as error:
            if getattr(error, "redirect_uri", None):
                refused: Response = self._server.handle_error_response(None, error)
                return refused
            return self._refused(error.description or error.error)
        except ValueError:
            # Authlib cannot quote every character in its error answers.
            return self._refused("invalid_request")
        # Browsers also check the redirect target of a form's answer.
        target = urlsplit(grant.request.payload.redirect_uri)
        g.form_targets = [f"{target.scheme}://{target.netloc}"]
        if request.method == "POST":
            return self._sign_in(grant)
        if signed_in is None or getattr(grant, "prompt", None) == "login":
            return self._sign_in_page()
        return self._answer(grant, signed_in)

    def _refused(self, reason: str) -> tuple[str, int]:
        texts = self._texts()
        message = texts["refused"].format(reason=reason)
        return self._page("message.html", texts["refused_title"], message=message), 400

    def _answer(self, grant: Any, signed_in: SignedIn) -> Response:
        grant.request.auth_time = signed_in.auth_time
        answer: Response = self._server.create_authorization_response(
            grant_user=signed_in.account, grant=grant
        )
        return answer

    # ── signing in and out ──

    def _signed_in(self) -> SignedIn | None:
        """Who signed in with this browser, and when. The cookie holds an id only: a copy of it is worth
        nothing after the sign-out."""
        identifier = session.get("id")
        stored = self._issuer.store.session(identifier) if isinstance(identifier, str) else None
        account = self._issuer.accounts.named(stored.username) if stored else None
        if stored is None or account is None or stored.expires < self._issuer.now():
            return None
        return SignedIn(account, stored.auth_time)

    def _recently_signed_in(self) -> SignedIn | None:
        """The same, unless the portal asks for a sign-in that is newer (max_age)."""
        signed_in = self._signed_in()
        most = request.args.get("max_age", SESSION_SECONDS, type=int)
        recent = signed_in is not None and self._issuer.now() - signed_in.auth_time <= most
        return signed_in if recent else None

    def _begin_session(self, account: Account) -> SignedIn:
        """A new session in the place of what the cookie stood for."""
        if isinstance(session.get("id"), str):
            self._issuer.store.end_session(session["id"])
        now = self._issuer.now()
        session.clear()
        session["id"] = secrets.token_urlsafe(32)
        stored = StoredSession(account.username, auth_time=now, expires=now + SESSION_SECONDS)
        self._issuer.store.add_session(session["id"], stored, now)
        return SignedIn(account, now)

    def _sign_in(self, grant: Any) -> Response | tuple[str, int] | tuple[str, int, dict[str, str]] | str:
        texts = self._texts()
        username = request.form.get("username", "").strip()[:100]
        if not _csrf_holds():
            return self._sign_in_page(texts["expired"], username), 400
        address = request.remote_addr or ""
        wait = self._throttle.begin(username, address)
        if wait:
            page = self._sign_in_page(texts["wait"].format(minutes=-(-wait // 60)), username)
            return page, 429, {"Retry-After": str(wait)}
        account = self._issuer.accounts.check(username, request.form.get("password", ""))
        if account is None:
            log.info("sign-in refused")
            return self._sign_in_page(texts["wrong"], username), 401
        self._throttle.succeeded(username, address)
        signed_in = self._begin_session(account)
        log.info("signed in", extra={"subject": account.member_id})
        return self._answer(grant, signed_in)

    def _sign_in_page(self, problem: str = "", username: str = "") -> str:
        return self._page(
            "sign_in.html",
            self._texts()["title"],
            problem=problem,
            username=username,
            csrf_token=_csrf_token(),
        )

    def logout(self) -> BaseResponse | str:
        texts = self._texts()
        signed_in = self._signed_in()
        target = request.values.get("post_logout_redirect_uri", "")
        allowed = target in self._issuer.settings.redirect_uris
        if signed_in is not None and not (request.method == "POST" and _csrf_holds()):
            question = texts["logout_question"].format(name=signed_in.account.name)
            return self._page(
                "sign_out.html", texts["logout_title"], message=question, csrf_token=_csrf_token()
            )
        if signed_in is not None:
            self._issuer.store.revoke_account(signed_in.account.username)
        session.clear()
        if allowed:
            state = request.values.get("state")
            return redirect(f"{target}?{urlencode({'state': state})}" if state else target)
        return self._page("message.html", texts["logout_title"], message=texts["logged_out"])

    # ── pages ──

    def _texts(self) -> Any:
        asked = request.args.get("ui_locales", "").split()
        for language in asked:
            if language.partition("-")[0] in TEXTS:
                return TEXTS[language.partition("-")[0]]
        return TEXTS[request.accept_languages.best_match(["vi", "en"]) or "vi"]

    def _page(self, template: str, heading: str, **values: Any) -> str:
        texts = self._texts()
        other = "en" if texts["language"] == "vi" else "vi"
        query = urlencode({**request.args.to_dict(), "ui_locales": other})
        return render_template(
            template,
            t=texts,
            heading=heading,
            base=self._issuer.settings.path,
            other_language_url=f"?{query}",
            **values,
        )


def _csrf_token() -> str:
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(24)
    return str(session["csrf"])


def _csrf_holds() -> bool:
    sent = request.form.get("csrf_token", "")
    return "csrf" in session and hmac.compare_digest(str(session["csrf"]).encode(), sent.encode())


__all__ = ["make_app"]
