"""The environment becomes settings, or one message with every problem."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from chassis import settings
from chassis.settings import ServiceSettings, SettingsError, load, setting, settings_table, shown

COMPLETE = {
    "MONGO_URI": "mongodb://user:pass@db:27017/",
    "MONGO_DATABASE": "submission",
    "KAFKA_BOOTSTRAP": "k1:9092,k2:9092",
    "OIDC_ISSUER": "https://sangkien.example/auth",
    "OIDC_JWKS_URL": "https://issuer.example/jwks",
}


@dataclass(frozen=True)
class Example:
    text: str = setting("TEXT", help="any text")
    number: int = setting("NUMBER", default=3, help="a number")
    ratio: float | None = setting("RATIO", default=None, help="a ratio")
    switch: bool = setting("SWITCH", default=False, help="on or off")
    password: str | None = setting("PASSWORD", default=None, secret=True, help="a password")
    plain: int = 7


def test_values_are_read_by_their_annotations() -> None:
    loaded = load(Example, {"TEXT": "a", "NUMBER": " 5 ", "RATIO": "0.5", "SWITCH": "Yes"})

    assert loaded == Example(text="a", number=5, ratio=0.5, switch=True)


@pytest.mark.parametrize(("text", "value"), [("1", True), ("TRUE", True), ("off", False), ("no", False)])
def test_a_switch_is_read_in_its_usual_words(text: str, value: bool) -> None:
    assert load(Example, {"TEXT": "a", "SWITCH": text}).switch is value


def test_absent_and_empty_variables_take_the_default() -> None:
    assert load(Example, {"TEXT": "a", "NUMBER": ""}).number == 3


def test_every_problem_is_reported_and_names_its_variable() -> None:
    with pytest.raises(SettingsError) as caught:
        load(Example, {"NUMBER": "many", "RATIO": "x", "SWITCH": "perhaps"})

    assert [line.split()[0] for line in caught.value.problems] == ["TEXT", "NUMBER", "RATIO", "SWITCH"]
    assert "TEXT_FILE" in caught.value.problems[0]
    assert "any text" in caught.value.problems[0]
    assert "NUMBER" in str(caught.value)


def test_a_value_can_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("s3cret\n")

    assert load(Example, {"TEXT": "a", "PASSWORD_FILE": str(file)}).password == "s3cret"


@pytest.mark.parametrize(
    ("content", "message"), [(None, "No such file"), (b"\n", "is empty"), (b"\xff\xfe", "not UTF-8")]
)
def test_a_file_that_gives_no_value_is_a_problem(tmp_path: Path, content: bytes | None, message: str) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(SettingsError, match=message):
        load(Example, {"TEXT": "a", "PASSWORD_FILE": str(file)})


def test_a_variable_and_its_file_at_once_are_a_problem(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="both set"):
        load(Example, {"TEXT": "a", "TEXT_FILE": str(tmp_path / "x")})


def test_a_secret_is_in_no_text_of_the_settings() -> None:
    loaded = load(Example, {"TEXT": "a", "PASSWORD": "s3cret"})

    assert "s3cret" not in repr(loaded)
    assert ("PASSWORD", "(secret)") in shown(loaded)
    assert ("RATIO", "-") in shown(loaded)


def test_the_table_names_variable_default_and_meaning() -> None:
    assert settings_table(Example)[:3] == [
        ("TEXT", "required", "any text"),
        ("NUMBER", "3", "a number"),
        ("RATIO", "-", "a ratio"),
    ]


def test_an_annotation_without_a_parser_is_a_bug_of_the_class() -> None:
    @dataclass(frozen=True)
    class Broken:
        when: bytes = setting("WHEN", help="some bytes")

    with pytest.raises(TypeError, match="parse="):
        load(Broken, {"WHEN": "x"})


def test_a_complete_environment_gives_service_settings_with_defaults() -> None:
    loaded = load(ServiceSettings, COMPLETE)

    assert loaded.http_bind == "127.0.0.1:8000"
    assert loaded.kafka_bootstrap == "k1:9092,k2:9092"
    assert loaded.oidc_audience == "sangkien"
    assert loaded.kafka_sasl_password is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_BIND", "8000"),
        ("HTTP_BIND", "host:0"),
        ("HTTP_BIND", "host:70000"),
        ("KAFKA_BOOTSTRAP", "k1:9092,k2"),
        ("OIDC_ISSUER", "issuer.example"),
        ("OIDC_JWKS_URL", "file:///etc/passwd"),
        ("MONGO_URI", "postgres://x"),
        ("LOG_LEVEL", "LOUD"),
        ("WEB_PROCESSES", "0"),
        ("WEB_PROCESSES", "33"),
        ("WEB_THREADS", "0"),
        ("WEB_THREADS", "65"),
        ("WEB_THREADS", "few"),
        ("SHUTDOWN_SECONDS", "-1"),
        ("SHUTDOWN_SECONDS", "soon"),
        ("DRAIN_SECONDS", "61"),
    ],
)
def test_an_unusable_value_is_refused_with_the_name_of_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(ServiceSettings, {**COMPLETE, name: value})

    (problem,) = caught.value.problems
    assert problem.startswith(f"{name} is ")
    assert "set it to" in problem


def test_the_message_on_a_database_address_repeats_no_password() -> None:
    with pytest.raises(SettingsError) as caught:
        load(ServiceSettings, {**COMPLETE, "MONGO_URI": "http://user:s3cret@db"})

    assert "s3cret" not in str(caught.value)


def test_words_are_taken_in_any_letter_case() -> None:
    assert load(ServiceSettings, {**COMPLETE, "LOG_LEVEL": "debug"}).log_level == "DEBUG"


def test_a_protocol_with_sign_in_needs_all_of_the_sign_in() -> None:
    with pytest.raises(SettingsError) as caught:
        load(ServiceSettings, {**COMPLETE, "KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_USERNAME": "u"})

    assert [line.split()[0] for line in caught.value.problems] == [
        "KAFKA_SASL_MECHANISM",
        "KAFKA_SASL_PASSWORD",
    ]


def test_a_whole_sign_in_to_kafka_is_taken() -> None:
    sign_in = {"MECHANISM": "SCRAM-SHA-512", "USERNAME": "u", "PASSWORD": "p"}
    variables = {f"KAFKA_SASL_{name}": value for name, value in sign_in.items()}

    loaded = load(ServiceSettings, {**COMPLETE, "KAFKA_SECURITY_PROTOCOL": "sasl_ssl", **variables})

    assert loaded.contradictions() == ()


def test_numbers_within_their_limits_are_taken() -> None:
    loaded = load(ServiceSettings, {**COMPLETE, "WEB_THREADS": "16", "SHUTDOWN_SECONDS": "2.5"})

    assert (loaded.web_threads, loaded.shutdown_seconds) == (16, 2.5)


def test_an_ipv6_address_can_be_bound() -> None:
    assert settings.address("[::1]:8000") == "[::1]:8000"
