"""The command line of a service."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from flask import Flask

from chassis import logs, server
from chassis.roles import EXIT_CONFIGURATION, EXIT_USAGE, Service, main
from chassis.settings import ServiceSettings, setting
from chassis.worker import UnknownPart

ENVIRONMENT = {
    "MONGO_URI": "mongodb://user:s3cret@db/",
    "MONGO_DATABASE": "example",
    "KAFKA_BOOTSTRAP": "k:9092",
    "OIDC_ISSUER": "https://issuer.test",
    "OIDC_JWKS_URL": "https://issuer.test/jwks",
    "COLOUR": "blue",
}


@dataclass(frozen=True)
class Settings(ServiceSettings):
    colour: str = setting("COLOUR", help="a colour")


class Played:
    """What was called, and what it is to give back."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.worker_code: int | None = None
        self.error: Exception | None = None

    def run(self) -> int | None:
        self.calls.append(("worker",))
        return self.worker_code

    def only(self, names: Sequence[str]) -> Played:
        if "post" in names:
            raise UnknownPart("post", ("relay",))
        self.calls.append(("only", *names))
        return self

    def migrate(self, settings: Settings) -> None:
        if self.error is not None:
            raise self.error
        self.calls.append(("migrate", settings.colour))

    def rebuild(self, settings: Settings, arguments: list[str]) -> int:
        self.calls.append(("rebuild", *arguments))
        return 3

    def service(self) -> Service[Settings]:
        return Service(
            name="example",
            settings_class=Settings,
            api=lambda settings: Flask(settings.colour),
            worker=lambda settings: self,
            migrate=self.migrate,
            extra={"rebuild": self.rebuild},
        )


@pytest.fixture
def played() -> Played:
    return Played()


@pytest.fixture(autouse=True)
def _logging_set_back() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logs._requests)
    yield
    logging.captureWarnings(False)
    root.handlers[:], logs._requests = before[0], before[2]
    root.setLevel(before[1])


def test_the_worker_runs_and_ends_with_its_code(played: Played) -> None:
    assert main(played.service(), ["worker"], ENVIRONMENT) == 0

    played.worker_code = 1
    assert main(played.service(), ["worker"], ENVIRONMENT) == 1
    assert played.calls == [("worker",), ("worker",)]


def test_the_worker_may_run_some_of_its_parts_alone(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(played.service(), ["worker", "--only", "relay", "--only", "mail"], ENVIRONMENT) == 0
    assert played.calls == [("only", "relay", "mail"), ("worker",)]

    assert main(played.service(), ["worker", "--only", "post"], ENVIRONMENT) == EXIT_USAGE
    assert "there is no part post; there are relay" in capsys.readouterr().err


def test_migrations_run_with_the_settings(played: Played) -> None:
    assert main(played.service(), ["migrate"], ENVIRONMENT) == 0

    assert played.calls == [("migrate", "blue")]


def test_a_role_of_the_services_own_gets_its_arguments(played: Played) -> None:
    assert main(played.service(), ["rebuild", "--fast"], ENVIRONMENT) == 3

    assert played.calls == [("rebuild", "--fast")]


def test_the_api_is_served(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[tuple[str, str]] = []
    monkeypatch.setattr(
        server, "run_api", lambda make, settings: served.append((make().name, settings.colour))
    )

    assert main(played.service(), ["api"], ENVIRONMENT) == 0

    assert served == [("blue", "blue")]


@pytest.mark.parametrize("arguments", [[], ["bake"], ["--help"]])
def test_an_unknown_role_is_told_the_known_ones(
    played: Played, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(played.service(), arguments, ENVIRONMENT) == EXIT_USAGE

    assert "api|worker|migrate|check-config|consumer|rebuild" in capsys.readouterr().err


def test_incomplete_settings_are_told_line_by_line(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(played.service(), ["worker"], {"LOG_LEVEL": "LOUD"}) == EXIT_CONFIGURATION

    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "example: the settings are not complete"
    assert {line.split()[0] for line in lines[1:]} >= {"MONGO_URI", "LOG_LEVEL", "COLOUR"}
    assert played.calls == []


def test_check_config_shows_the_settings_without_secrets(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(played.service(), ["check-config"], ENVIRONMENT) == 0

    shown = capsys.readouterr().out
    assert "COLOUR=blue" in shown.splitlines()
    assert "s3cret" not in shown


def test_an_error_of_a_role_is_logged_and_ends_it(played: Played, capfd: pytest.CaptureFixture[str]) -> None:
    played.error = RuntimeError("Nguyễn Văn A")

    assert main(played.service(), ["migrate"], ENVIRONMENT) == 1

    line = orjson.loads(capfd.readouterr().out)
    assert (line["level"], line["service"], line["role"]) == ("CRITICAL", "example", "migrate")
    assert line["error"][0]["type"] == "RuntimeError"


def test_without_arguments_the_process_gives_them(
    played: Played, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["example", "check-config"])
    monkeypatch.setattr("os.environ", ENVIRONMENT)

    assert main(played.service()) == 0
    assert "COLOUR=blue" in capsys.readouterr().out
