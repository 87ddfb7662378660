from __future__ import annotations

from pathlib import Path

import pytest

from embedded.issuer.accounts import AccountsError, _entries
from embedded.issuer.settings import SHORTEST_SECRET, SettingsError, load
from embedded.web_server import RefusedAddressError, require_loopback


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    for name in ("secret", "accounts.json"):
        (tmp_path / name).write_text("[]")
    (tmp_path / "secret").write_text("s" * SHORTEST_SECRET)
    return {
        "ISSUER_URL": "http://127.0.0.1:8080/auth/",
        "ISSUER_DATA": str(tmp_path),
        "ISSUER_CTL_SECRET_FILE": str(tmp_path / "secret"),
        "ISSUER_ACCOUNTS": str(tmp_path / "accounts.json"),
    }


def test_the_address_gives_the_path_the_origin_and_where_the_portal_may_return(
    environment: dict[str, str],
) -> None:
    settings = load(environment)

    assert settings.url == "http://127.0.0.1:8080/auth"
    assert settings.path == "/auth"
    assert "http://127.0.0.1:8080/" in settings.redirect_uris
    assert not settings.secure


@pytest.mark.parametrize("name", ["ISSUER_URL", "ISSUER_DATA", "ISSUER_CTL_SECRET_FILE", "ISSUER_ACCOUNTS"])
def test_an_absent_setting_is_named_with_its_remedy(environment: dict[str, str], name: str) -> None:
    del environment[name]

    with pytest.raises(SettingsError, match=f"{name} is not set; set it to"):
        load(environment)


def test_a_file_that_is_not_there_is_named(environment: dict[str, str]) -> None:
    environment["ISSUER_ACCOUNTS"] = "/nowhere/accounts.json"

    with pytest.raises(SettingsError, match=r"ISSUER_ACCOUNTS names /nowhere/accounts\.json"):
        load(environment)


@pytest.mark.parametrize("secret", ["", "change-me", "s" * (SHORTEST_SECRET - 1) + "\n"])
def test_a_secret_that_could_be_guessed_is_refused(
    environment: dict[str, str], tmp_path: Path, secret: str
) -> None:
    (tmp_path / "secret").write_text(secret)

    with pytest.raises(SettingsError, match="write a random one into it"):
        load(environment)


@pytest.mark.parametrize("bind", ["127.0.0.1:80", "[::1]:80", "localhost:80", "127.9.9.9:1"])
def test_loopback_is_accepted(bind: str) -> None:
    require_loopback(bind)


@pytest.mark.parametrize("bind", ["0.0.0.0:80", "10.1.2.3:80", "example.org:80", ":80", "[::]:80"])
def test_other_addresses_are_refused_unless_told(bind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RefusedAddressError, match=r"EMBEDDED_ALLOW_NON_LOOPBACK=yes"):
        require_loopback(bind)

    monkeypatch.setenv("EMBEDDED_ALLOW_NON_LOOPBACK", "yes")
    require_loopback(bind)


@pytest.mark.parametrize("content", [b"{", b"{}", b"[1]"])
def test_an_accounts_file_of_another_shape_is_refused(content: bytes) -> None:
    with pytest.raises(AccountsError, match=r"accounts\.json"):
        _entries(content, Path("accounts.json"))
