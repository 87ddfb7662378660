from __future__ import annotations

import pytest

from chassis.plain_connections import host_names, mail_contradictions
from chassis.settings import ServiceSettings, SettingsError, load
from sangkienctl.kafka_access import KafkaAccess

COMPLETE = {
    "MONGO_URI": "mongodb://db:27017/?replicaSet=rs0",
    "MONGO_DATABASE": "x",
    "KAFKA_BOOTSTRAP": "kafka:9092",
    "OIDC_ISSUER": "http://localhost:8080/auth",
    "OIDC_JWKS_URL": "https://issuer.example/jwks",
}
PLAIN = {
    "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
    "KAFKA_SASL_MECHANISM": "PLAIN",
    "KAFKA_SASL_USERNAME": "u",
    "KAFKA_SASL_PASSWORD": "p",
}
LOOPBACK = ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "LOCALHOST"]
ELSEWHERE = [
    "keycloak",
    "10.0.0.5",
    "issuer.example",
    "[2001:db8::1]",
    "localhost.example",
    "127.0.0.1.example",
]


@pytest.mark.parametrize("host", ELSEWHERE)
def test_a_key_set_over_http_from_elsewhere_is_refused(host: str) -> None:
    with pytest.raises(SettingsError, match=r"OIDC_JWKS_URL .*https://"):
        load(ServiceSettings, COMPLETE | {"OIDC_JWKS_URL": f"http://{host}/jwks"})


@pytest.mark.parametrize("host", LOOPBACK)
def test_a_key_set_over_http_from_this_machine_is_taken(host: str) -> None:
    load(ServiceSettings, COMPLETE | {"OIDC_JWKS_URL": f"http://{host}:8105/jwks"})


def test_a_host_that_is_named_is_taken_and_no_other() -> None:
    named = COMPLETE | {"PLAIN_HOSTS": "smtp, Keycloak"}

    load(ServiceSettings, named | {"OIDC_JWKS_URL": "http://keycloak:8080/certs"})
    with pytest.raises(SettingsError):
        load(ServiceSettings, named | {"OIDC_JWKS_URL": "http://keycloak.example/certs"})


@pytest.mark.parametrize("settings", [ServiceSettings, KafkaAccess])
@pytest.mark.parametrize("bootstrap", ["kafka:9092", "localhost:9092,kafka:9092", "[2001:db8::1]:9092"])
def test_a_readable_password_for_kafka_is_refused_in_services_and_in_the_operators_command(
    settings: type[ServiceSettings | KafkaAccess], bootstrap: str
) -> None:
    with pytest.raises(SettingsError, match="SASL_SSL"):
        load(settings, COMPLETE | PLAIN | {"KAFKA_BOOTSTRAP": bootstrap})


@pytest.mark.parametrize(
    "change",
    [
        {"KAFKA_BOOTSTRAP": "127.0.0.1:9092,[::1]:9092"},
        {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"},
        {"KAFKA_SASL_MECHANISM": "SCRAM-SHA-512"},
        {"PLAIN_HOSTS": "kafka"},
    ],
)
def test_a_password_that_nobody_reads_is_taken(change: dict[str, str]) -> None:
    load(ServiceSettings, COMPLETE | PLAIN | change)
    load(KafkaAccess, COMPLETE | PLAIN | change)


def test_the_operators_command_needs_the_whole_sign_in_too() -> None:
    with pytest.raises(SettingsError) as caught:
        load(KafkaAccess, COMPLETE | {"KAFKA_SECURITY_PROTOCOL": "sasl_ssl"})

    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ("host", "starttls", "plain_hosts", "refused"),
    [
        ("smtp.example", False, None, True),
        ("smtp.example", True, None, False),
        ("127.0.0.1", False, None, False),
        ("smtp.example", False, "smtp.example", False),
        ("smtp.example", False, "smtp", True),
    ],
)
def test_a_sign_in_at_a_mail_server_is_encrypted(
    host: str, starttls: bool, plain_hosts: str | None, refused: bool
) -> None:
    found = mail_contradictions(host, "u", "p", starttls, plain_hosts)

    assert bool(found) == refused
    assert "SMTP_STARTTLS" in "".join(found) or not refused


@pytest.mark.parametrize(
    ("username", "password", "absent"), [("u", None, "SMTP_PASSWORD"), (None, "p", "SMTP_USERNAME")]
)
def test_half_a_sign_in_at_a_mail_server_is_refused(
    username: str | None, password: str | None, absent: str
) -> None:
    (problem,) = mail_contradictions("smtp.example", username, password, True, None)

    assert problem.startswith(f"{absent} is not set")


def test_mail_without_a_sign_in_goes_as_it_is_set() -> None:
    assert mail_contradictions("smtp.example", None, None, False, None) == ()


@pytest.mark.parametrize("text", ["kafka:9092/x", "a b", "", "a,,b", "http://a"])
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="set it to host,host"):
        host_names(text)
