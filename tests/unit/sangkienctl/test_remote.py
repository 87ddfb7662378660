"""A platform reached by its public address: where its tokens come from, without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from sangkienctl.cli import main
from sangkienctl.home import PlatformError
from sangkienctl.remote import Client, RemotePlatform

ISSUER = "https://issuer.test/realms/sangkien"
ENDPOINT = "https://elsewhere.test/token"
CLIENT = Client(ISSUER, "sangkienctl", "rat-bi-mat")


class StubIssuer:
    """Answers discovery and token requests; keeps the forms."""

    def __init__(self) -> None:
        self.discovery: Any = {"token_endpoint": ENDPOINT}
        self.asked: list[str] = []
        self.forms: list[tuple[str, dict[str, str], tuple[str, str]]] = []

    def get(self, address: str, **_: Any) -> httpx.Response:
        self.asked.append(address)
        return httpx.Response(200, json=self.discovery, request=httpx.Request("GET", address))

    def post(self, address: str, *, data: dict[str, str], auth: tuple[str, str], **_: Any) -> httpx.Response:
        self.forms.append((address, data, auth))
        token = {"access_token": f"token-{len(self.forms)}"}
        return httpx.Response(200, json=token, request=httpx.Request("POST", address))


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> StubIssuer:
    stub = StubIssuer()
    monkeypatch.setattr(httpx, "get", stub.get)
    monkeypatch.setattr(httpx, "post", stub.post)
    return stub


def test_the_client_signs_in_where_its_issuer_says(issuer: StubIssuer) -> None:
    platform = RemotePlatform("https://sangkien.test", client=CLIENT)

    tokens = [platform.service_token("admin"), platform.service_token("admin")]

    assert tokens == ["token-1", "token-2"]
    assert issuer.asked == [f"{ISSUER}/.well-known/openid-configuration"]
    assert issuer.forms[0] == (ENDPOINT, {"grant_type": "client_credentials"}, ("sangkienctl", "rat-bi-mat"))


def test_a_demo_account_signs_in_with_its_password(issuer: StubIssuer) -> None:
    platform = RemotePlatform("https://sangkien.test", client=CLIENT, passwords={"an": "mat-khau"})

    platform.token("an")

    form = issuer.forms[0][1]
    assert (form["grant_type"], form["username"], form["password"]) == ("password", "an", "mat-khau")


def test_an_account_whose_password_is_not_known_is_named(issuer: StubIssuer) -> None:
    with pytest.raises(PlatformError, match="of binh is not known"):
        RemotePlatform("https://sangkien.test", client=CLIENT).token("binh")
    assert issuer.forms == []


def test_a_token_that_was_given_is_used_as_it_is(issuer: StubIssuer) -> None:
    assert RemotePlatform("https://sangkien.test", token="cho-truoc").service_token("admin") == "cho-truoc"
    assert issuer.asked == []


@pytest.mark.parametrize("answer", [{}, [], {"token_endpoint": None}])
def test_an_address_that_is_no_issuer_is_said_in_one_line(issuer: StubIssuer, answer: Any) -> None:
    issuer.discovery = answer

    with pytest.raises(PlatformError, match="check --issuer") as caught:
        RemotePlatform("https://sangkien.test", client=CLIENT).service_token("admin")

    assert "\n" not in str(caught.value)


def test_the_secret_of_a_client_is_not_shown() -> None:
    assert "rat-bi-mat" not in repr(CLIENT)


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        ((), "needs either --client-secret or --token"),
        (("--token", "t", "--client-secret", "s"), "needs either --client-secret or --token"),
        (("--token", "t"), "add --programme-only"),
        (("--client-secret", "s", "--initiatives", "5"), "for the embedded platform"),
    ],
)
def test_seeding_elsewhere_says_which_option_is_missing(
    arguments: tuple[str, ...], remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("URL", "ISSUER", "CLIENT_ID", "CLIENT_SECRET", "TOKEN"):
        monkeypatch.delenv(f"SANGKIENCTL_{name}", raising=False)
    command = ["--home", str(tmp_path), "seed", "--url", "https://sangkien.test", *arguments]

    done = CliRunner().invoke(main, command)

    assert done.exit_code == 2
    assert remedy in " ".join(done.output.split())
