"""What the service promises to others: its README, OpenAPI document and problems say what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from string import Formatter

import pytest
from openapi_spec_validator import validate

import contracts
from chassis.problems import COMMON
from chassis.settings import SettingsError, load, settings_table, shown
from notify import metrics
from notify.adapters.events import TOPICS
from notify.application.permissions import PERMISSIONS
from notify.bootstrap import openapi_document
from notify.config import Settings
from notify.domain.kinds import TOLD
from notify.entrypoints.http.problems import PROBLEMS, problem_of
from tests.support.notify_stage import ENVIRONMENT

README = (Path(contracts.__file__).parents[1] / "services/notify/README.md").read_text()


def section(title: str) -> str:
    """The text of one section of the README."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found, f"the README has no section {title}"
    return found[1]


def rows(title: str) -> list[str]:
    return [line for line in section(title).splitlines() if line.startswith("| `")]


def test_the_readme_has_each_setting_as_it_is_declared() -> None:
    declared = settings_table(Settings)

    assert rows("Settings") == [f"| `{name}` | {default} | {help} |" for name, default, help in declared]


def test_the_readme_names_every_topic_and_who_is_told() -> None:
    named = {row.split("`")[1]: row for row in rows("Who is told of what")}

    assert set(named) == set(TOPICS)
    for topic, rule in TOLD.items():
        assert f"| {rule.kind} |" in named[topic]


def test_the_readme_names_every_action() -> None:
    assert [row.split("`")[1] for row in rows("Who may do what")] == list(PERMISSIONS.actions)


def test_the_readme_names_every_metric() -> None:
    declared = {
        value._name for value in vars(metrics).values() if getattr(value, "_name", "").startswith("notify_")
    }

    assert {row.split("`")[1].removesuffix("_total") for row in rows("Metrics")} == declared


def test_the_openapi_document_is_valid_and_names_the_stable_paths() -> None:
    document = openapi_document()

    validate(document)
    assert {"/v1/inbox", "/v1/inbox/{entry_id}/read"} <= set(document["paths"])


def test_no_problem_of_this_service_takes_the_code_of_a_common_one() -> None:
    assert not set(PROBLEMS) & set(COMMON)
    assert problem_of(RuntimeError()) is None


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=str)
def test_a_problem_says_the_same_in_both_languages(problem: object) -> None:
    vi, en = (getattr(problem, f"detail_{language}") for language in ("vi", "en"))

    assert vi != en
    assert _parameters(vi) == _parameters(en)


def _parameters(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_the_settings_of_the_demonstration_are_read() -> None:
    settings = load(Settings, ENVIRONMENT)

    assert settings.mail_from.display_name == "Sáng Kiến"
    assert settings.mail_from.addr_spec == "no-reply@sangkien.example.org"
    assert (settings.smtp_port, settings.smtp_starttls, settings.administration_unit) == (25, False, "TLD")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAIL_FROM", "nobody"),
        ("MAIL_FROM", "á@example.org"),
        ("MAIL_FROM", "A <a@example.org\r\nBcc: b@example.org>"),
        ("SMTP_PORT", "0"),
        ("SMTP_PASSWORD", "mật khẩu"),
        ("SMTP_SECONDS", "600"),
        ("PUBLIC_URL", "sangkien"),
        ("ADMINISTRATION_UNIT", "the root"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(Settings, ENVIRONMENT | {name: value})

    (problem,) = refused.value.problems
    assert problem.startswith(name)
    assert "mật khẩu" not in problem


def test_the_password_is_never_shown() -> None:
    sign_in = {"SMTP_USERNAME": "u", "SMTP_PASSWORD": "hidden-word", "SMTP_STARTTLS": "true"}
    settings = load(Settings, ENVIRONMENT | sign_in)

    assert "hidden-word" not in repr(settings)
    assert "hidden-word" not in str(shown(settings))


def test_a_password_that_the_network_could_read_is_refused_and_not_shown() -> None:
    sign_in = {"SMTP_HOST": "smtp.example", "SMTP_USERNAME": "u", "SMTP_PASSWORD": "hidden-word"}

    with pytest.raises(SettingsError, match="SMTP_STARTTLS") as refused:
        load(Settings, ENVIRONMENT | sign_in | {"SMTP_STARTTLS": "false"})

    assert "hidden-word" not in str(refused.value)


def test_the_api_imports_no_kafka_client() -> None:
    script = "import sys, notify.bootstrap as b; b.openapi_document(); print('kafka' in sys.modules)"

    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "False"


def test_only_the_api_imports_a_web_framework() -> None:
    script = "import sys, notify.__main__, chassis.worker; print({'flask', 'marshmallow'} & set(sys.modules))"

    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "set()"
