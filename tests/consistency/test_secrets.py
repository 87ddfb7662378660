"""Secrets come from the environment or from files that it names, and from nowhere else: none stands in the
code, in a manifest, in what a program shows of its settings, or in a file of this repository.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from chassis.settings import ServiceSettings, load, shown, variables
from sangkienctl.kafka_access import KafkaAccess
from tests.support.repository import files, texts

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("submission", "review", "stats", "notify")
CLASSES: list[type[Any]] = [
    ServiceSettings,
    KafkaAccess,
    *(importlib.import_module(f"{service}.config").Settings for service in SERVICES),
]
# A name like this is a secret's; an address may hold a password.
SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|PRIVATE|CREDENTIAL|API_?KEY|(?<!JWKS_)URI$")
FILE_NAME = re.compile(r"_FILE$")
# The only places that look at the environment; everything else is handed settings.
READERS = {
    "libs/chassis/chassis/roles.py",
    # What prometheus_client reads itself, and only there.
    "libs/chassis/chassis/shared_metrics.py",
    "deploy/embedded/embedded/broker/settings.py",
    "deploy/embedded/embedded/issuer/__main__.py",
    "deploy/embedded/embedded/mailbox/__main__.py",
    "deploy/embedded/embedded/web_server.py",
    "deploy/sangkienctl/sangkienctl/cli.py",
    "deploy/sangkienctl/sangkienctl/databases.py",
    "deploy/sangkienctl/sangkienctl/engine_build.py",
    "deploy/sangkienctl/sangkienctl/platform.py",
    "deploy/sangkienctl/sangkienctl/service_roles.py",
    "deploy/sangkienctl/sangkienctl/seed/sample.py",
}
# Taken by anybody as a secret that got away. In pieces, so that this file does not match itself.
LEAKED = re.compile(
    "|".join(
        (
            r"-----BEGIN [A-Z ]*PRIVATE" + " KEY-----",
            r"eyJ[A-Za-z0-9_-]{10,}\.ey" + r"J[A-Za-z0-9_-]{10,}\.",
            r"\bAK" + r"IA[0-9A-Z]{16}\b",
            r"\bgh" + r"[pousr]_[A-Za-z0-9]{30,}",
            r"\bxox" + r"[baprs]-[A-Za-z0-9-]{10,}",
            r"_auth" + r"(?:Token)?\s*=\s*\S+",
            r"[a-z+]+://[^\s/@:\"'{}$]+:(?!pass@|s3cret@|\*{3}@)[^\s/@:\"'{}$]+" + "@",
        )
    )
)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__module__)
def test_a_setting_that_may_hold_a_secret_is_declared_as_one_without_a_default(cls: type[Any]) -> None:
    declared = variables(cls).values()

    assert declared
    for variable in declared:
        assert variable.secret == bool(SECRET_NAME.search(variable.name)), variable.name
        if variable.secret:
            assert variable.required or variable.default is None, variable.name


@pytest.mark.parametrize("service", SERVICES)
def test_neither_a_screen_nor_a_traceback_shows_a_secret(service: str) -> None:
    cls = importlib.import_module(f"{service}.config").Settings
    environment = {
        "MONGO_URI": "mongodb://user:s3cret@db:27017/?retryWrites=false",
        "MONGO_DATABASE": service,
        "KAFKA_BOOTSTRAP": "kafka:9092",
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "KAFKA_SASL_USERNAME": "user",
        "KAFKA_SASL_PASSWORD": "s3cret-kafka",
        "OIDC_ISSUER": "https://issuer.example.org",
        "OIDC_JWKS_URL": "https://issuer.example.org/jwks",
        "SMTP_HOST": "smtp.example.org",
        "SMTP_USERNAME": "user",
        "SMTP_PASSWORD": "s3cret-smtp",
        "SMTP_STARTTLS": "true",
        "MAIL_FROM": "Sáng Kiến <no-reply@example.org>",
        "PUBLIC_URL": "https://example.org",
    }
    settings = load(cls, environment)

    assert "s3cret" not in repr(settings)
    assert "s3cret" not in str(shown(settings))


def test_the_environment_is_read_in_few_places_and_never_by_the_domain() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("libs", "services", "deploy/embedded", "deploy/sangkienctl")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in ("environ", "getenv", "environb")
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    }

    assert found == READERS


def _values(document: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every value of a manifest with its name, those of NAME=value lists too."""
    if isinstance(document, dict):
        if {"name", "value"} <= document.keys():
            yield str(document["name"]), str(document["value"])
        for key, value in document.items():
            yield from _values(value, str(key))
    elif isinstance(document, list):
        for value in document:
            yield from _values(value, name)
    elif isinstance(document, str):
        key, found, value = document.partition("=")
        if found and re.fullmatch(r"[A-Z][A-Z0-9_]*", key):
            yield key, value
        else:
            yield name, document


def _manifests() -> list[Path]:
    folders = ("deploy/kubernetes", "deploy/prometheus", "deploy/grafana")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.y*ml")]
    return [ROOT / "docker-compose.yml", *found]


@pytest.mark.parametrize("manifest", _manifests(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_manifest_names_where_a_secret_comes_from(manifest: Path) -> None:
    for document in yaml.safe_load_all(manifest.read_text()):
        for name, value in _values(document):
            if not SECRET_NAME.search(name) or FILE_NAME.search(name):
                continue
            if name.endswith("URI"):
                # An address is no secret as long as nobody signs in by it.
                assert "@" not in value, (name, value)
                continue
            # Required, with what to do where it is missing; no default is a secret.
            assert re.fullmatch(r"\$\{[A-Z_]+:\?[^}]+\}", value), (name, value)


def test_no_file_of_the_repository_holds_what_looks_like_a_secret() -> None:
    kinds = (".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".env")
    names = (".env", "id_rsa", ".netrc")

    hits = [name for name in files() if Path(name).suffix in kinds or Path(name).name.startswith(names)]
    hits += [f"{name}: {match.group()[:20]}" for name, text in texts() for match in LEAKED.finditer(text)]

    assert not hits, hits[:10]
