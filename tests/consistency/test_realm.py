"""What deploy/keycloak/realm.json promises of sign-ins with Keycloak, and that docker-compose.yml and the
embedded issuer promise the same.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded.issuer.protocol import ACCESS_SECONDS

ROOT = Path(__file__).resolve().parents[2]
REALM: dict[str, Any] = json.loads((ROOT / "deploy/keycloak/realm.json").read_text())
CLIENTS: dict[str, dict[str, Any]] = {client["clientId"]: client for client in REALM["clients"]}
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def test_an_access_token_lives_as_long_as_one_of_the_embedded_issuer() -> None:
    assert REALM["accessTokenLifespan"] == ACCESS_SECONDS["authorization_code"] == 900


def test_a_refresh_token_is_good_once() -> None:
    assert REALM["revokeRefreshToken"] is True
    assert REALM["refreshTokenMaxReuse"] == 0


def test_guessing_is_limited_and_nobody_registers_or_renames_an_account() -> None:
    assert REALM["bruteForceProtected"] is True
    assert REALM["registrationAllowed"] is False
    assert REALM["editUsernameAllowed"] is False


def test_the_portal_comes_back_to_one_address_and_proves_that_it_asked() -> None:
    portal = CLIENTS["portal"]

    assert portal["redirectUris"] == ["${PUBLIC_URL:http://localhost:8080}/"]
    assert portal["attributes"]["post.logout.redirect.uris"] == "+"
    assert portal["attributes"]["pkce.code.challenge.method"] == "S256"
    assert portal["directAccessGrantsEnabled"] is False


def test_only_the_clients_of_the_platform_get_its_audience_and_grants() -> None:
    assert REALM["defaultDefaultClientScopes"] == []
    assert {name for name, client in CLIENTS.items() if "sangkien" in client["defaultClientScopes"]} == {
        "portal",
        "sangkienctl",
    }
    assert not any(client["fullScopeAllowed"] for client in CLIENTS.values())


@pytest.mark.parametrize("attribute", ["username", "email", "firstName", "lastName", "grants"])
def test_a_user_changes_nothing_that_others_rely_on(attribute: str) -> None:
    (provider,) = REALM["components"]["org.keycloak.userprofile.UserProfileProvider"]
    profile = json.loads(provider["config"]["kc.user.profile.config"][0])
    (found,) = [entry for entry in profile["attributes"] if entry["name"] == attribute]

    assert found["permissions"]["edit"] == ["admin"]


def test_the_secret_of_the_operators_command_has_no_default_and_compose_gives_each_variable() -> None:
    text = (ROOT / "deploy/keycloak/realm.json").read_text()
    variables = dict(re.findall(r"\$\{([A-Z_]+)(:[^}]*)?\}", text))

    assert CLIENTS["sangkienctl"]["secret"] == "${SANGKIENCTL_CLIENT_SECRET}"
    assert variables.keys() <= COMPOSE["keycloak"]["environment"].keys()
    assert {name for name, default in variables.items() if default} == {"PUBLIC_URL"}
