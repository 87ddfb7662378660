"""The issuer's settings. Only this module reads the environment, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

# Guesses at it are not limited, so it must be out of their reach.
SHORTEST_SECRET = 32


class SettingsError(Exception):
    """A variable is missing or invalid; the message names it and the remedy."""


@dataclass(frozen=True)
class IssuerSettings:
    """bind: host:port; url: the public address, the claim `iss`; audience: the claim `aud` of access tokens;
    data: folder of keys and tokens; accounts: JSON file of the demo accounts; operator_secret: the secret
    of the confidential client `sangkienctl`; redirect_uris: where the portal may be sent back to.
    """

    bind: str
    url: str
    audience: str
    data: Path
    accounts: Path
    operator_secret: str
    redirect_uris: tuple[str, ...]

    @property
    def path(self) -> str:
        """The path under which everything is served, e.g. /auth; empty at the root."""
        return urlsplit(self.url).path.rstrip("/")

    @property
    def origin(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def secure(self) -> bool:
        return self.url.startswith("https://")


def load(environ: Mapping[str, str]) -> IssuerSettings:
    """Read and validate. Raises SettingsError for the first variable that is missing or invalid."""
    url = _required(environ, "ISSUER_URL", "the public address, such as http://127.0.0.1:8080/auth").rstrip(
        "/"
    )
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise SettingsError(
            f"ISSUER_URL is {url!r}; set it to an address that starts with http:// or https://"
        )
    origin = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"
    secret_file = Path(_required(environ, "ISSUER_CTL_SECRET_FILE", "a file with the secret of sangkienctl"))
    accounts = Path(_required(environ, "ISSUER_ACCOUNTS", "the JSON file of the demo accounts"))
    for name, file in (("ISSUER_CTL_SECRET_FILE", secret_file), ("ISSUER_ACCOUNTS", accounts)):
        if not file.is_file():
            raise SettingsError(f"{name} names {file}, which is not a file; set it to an existing one")
    secret = secret_file.read_text(encoding="utf-8").strip()
    if len(secret) < SHORTEST_SECRET:
        raise SettingsError(
            f"ISSUER_CTL_SECRET_FILE names {secret_file}, whose secret is shorter than {SHORTEST_SECRET} "
            "characters; write a random one into it, for guesses at it are not limited"
        )
    redirects = environ.get("ISSUER_REDIRECT_URIS") or f"{origin}/ {origin}/callback"
    return IssuerSettings(
        bind=environ.get("ISSUER_BIND", "127.0.0.1:8105"),
        url=url,
        audience=environ.get("ISSUER_AUDIENCE", "sangkien"),
        data=Path(_required(environ, "ISSUER_DATA", "a folder for keys and tokens")),
        accounts=accounts,
        operator_secret=secret,
        redirect_uris=tuple(redirects.split()),
    )


def _required(environ: Mapping[str, str], name: str, what: str) -> str:
    value = environ.get(name)
    if not value:
        raise SettingsError(f"{name} is not set; set it to {what}")
    return value
