"""Settings that would send a secret, or fetch what tokens are trusted by, over a connection that others can
read or change. Refused at start, but for this machine and for hosts that PLAIN_HOSTS names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit

_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}", re.ASCII)
_REMEDY = "or name the host in PLAIN_HOSTS if nobody else is on the network to it"


class KafkaSignIn(Protocol):
    """The settings of a sign-in to Kafka."""

    @property
    def kafka_bootstrap(self) -> str: ...
    @property
    def kafka_security_protocol(self) -> str: ...
    @property
    def kafka_sasl_mechanism(self) -> str | None: ...
    @property
    def kafka_sasl_username(self) -> str | None: ...
    @property
    def kafka_sasl_password(self) -> str | None: ...
    @property
    def plain_hosts(self) -> str | None: ...


def host_names(text: str) -> str:
    """Parser of host,host,… without ports."""
    names = [name.strip().lower() for name in text.split(",")]
    if not all(_HOST.fullmatch(name) for name in names):
        raise ValueError(f"is {text!r}; set it to host,host,… without ports, such as keycloak,smtp")
    return ",".join(names)


def exposed(hosts: Iterable[str], plain_hosts: str | None) -> list[str]:
    """Those of the hosts that neither are this machine nor are named in PLAIN_HOSTS."""
    named = (plain_hosts or "").split(",")
    return [host for host in hosts if not _is_this_machine(host) and host.lower() not in named]


def kafka_contradictions(settings: KafkaSignIn) -> tuple[str, ...]:
    """What a sign-in to Kafka lacks, and a password that would cross the network as it is."""
    if not settings.kafka_security_protocol.startswith("SASL"):
        return ()
    needed = {
        "KAFKA_SASL_MECHANISM": settings.kafka_sasl_mechanism,
        "KAFKA_SASL_USERNAME": settings.kafka_sasl_username,
        "KAFKA_SASL_PASSWORD": settings.kafka_sasl_password,
    }
    reason = f"is not set; KAFKA_SECURITY_PROTOCOL={settings.kafka_security_protocol} needs it"
    problems = [f"{name} {reason}" for name, value in needed.items() if value is None]
    if settings.kafka_security_protocol == "SASL_PLAINTEXT" and settings.kafka_sasl_mechanism == "PLAIN":
        hosts = [part.rpartition(":")[0].strip("[] ") for part in settings.kafka_bootstrap.split(",")]
        if open_to := exposed(hosts, settings.plain_hosts):
            problems.append(
                f"KAFKA_SASL_MECHANISM PLAIN would send the password readable to {', '.join(open_to)}; "
                f"set KAFKA_SECURITY_PROTOCOL to SASL_SSL, or the mechanism to SCRAM-SHA-512, {_REMEDY}"
            )
    return tuple(problems)


def key_set_contradictions(url: str, plain_hosts: str | None) -> tuple[str, ...]:
    """A key set over http could be replaced on its way, and every token with it."""
    parts = urlsplit(url)
    if parts.scheme == "https" or not exposed([parts.hostname or ""], plain_hosts):
        return ()
    return (f"OIDC_JWKS_URL fetches the issuer's keys unprotected; set it to an https:// address, {_REMEDY}",)


def mail_contradictions(
    host: str, username: str | None, password: str | None, starttls: bool, plain_hosts: str | None
) -> tuple[str, ...]:
    """Half a sign-in to the mail server, and one whose password would cross the network as it is."""
    if (username is None) != (password is None):
        absent, given = ("SMTP_USERNAME", "SMTP_PASSWORD")[:: 1 if username is None else -1]
        return (f"{absent} is not set; {given} needs it",)
    if username is None or starttls or not exposed([host], plain_hosts):
        return ()
    return (f"SMTP_USERNAME would sign in at {host} unprotected; set SMTP_STARTTLS to true, {_REMEDY}",)


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
