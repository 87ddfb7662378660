"""Settings from the environment: declared as the fields of a frozen dataclass, read once at start, all
problems reported together. Nothing else reads the environment, and a secret is never shown.
"""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from chassis.plain_connections import host_names, kafka_contradictions, key_set_contradictions

T = TypeVar("T")

_METADATA = "chassis.setting"
_REQUIRED: Any = dataclasses.MISSING
_FILE_LIMIT = 64 * 1024
_UNIT = re.compile(r"[A-Z0-9][A-Z0-9-]{0,63}", re.ASCII)


class SettingsError(Exception):
    """The environment does not make complete settings. problems: one line per variable, naming it and the
    remedy."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Variable:
    """The declaration of one setting."""

    name: str
    default: Any
    secret: bool
    help: str
    parse: Callable[[str], Any] | None

    @property
    def required(self) -> bool:
        return self.default is _REQUIRED


def setting(
    name: str,
    *,
    default: Any = _REQUIRED,
    secret: bool = False,
    help: str,
    parse: Callable[[str], Any] | None = None,
) -> Any:
    """A dataclass field that is read from the variable `name`, or from the file that `name`_FILE names.

    default: the value when the variable is absent or empty; without one the variable must be set.
    secret: never shown, neither in repr nor by check-config. help: what to set it to, one line.
    parse: from text to the value, ValueError with a remedy; without it the annotation decides (str, int,
    float, bool, each also "| None").
    """
    variable = Variable(name, default, secret, help, parse)
    if variable.required:
        return dataclasses.field(kw_only=True, repr=not secret, metadata={_METADATA: variable})
    return dataclasses.field(kw_only=True, default=default, repr=not secret, metadata={_METADATA: variable})


def variables(cls: type[Any]) -> dict[str, Variable]:
    """The declarations by field name, in their order."""
    return {
        field.name: field.metadata[_METADATA]
        for field in dataclasses.fields(cls)
        if _METADATA in field.metadata
    }


def load(cls: type[T], environ: Mapping[str, str]) -> T:
    """Read `cls` from the environment. SettingsError with every problem, not only the first."""
    hints = typing.get_type_hints(cls)
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field_name, variable in variables(cls).items():
        try:
            text = _text(variable, environ)
            if text is not None:
                values[field_name] = (variable.parse or _parser(hints[field_name]))(text)
            elif variable.required:
                raise ValueError(f"is not set; {_remedy(variable)}")
        except ValueError as error:
            problems.append(f"{variable.name} {error}")
    if problems:
        raise SettingsError(tuple(problems))
    settings = cls(**values)
    contradictions: Callable[[], tuple[str, ...]] = getattr(settings, "contradictions", tuple)
    if found := contradictions():
        raise SettingsError(found)
    return settings


def settings_table(cls: type[Any]) -> list[tuple[str, str, str]]:
    """Rows of (variable, default, help) for documentation; "required" stands for no default."""
    return [(variable.name, _shown_default(variable), variable.help) for variable in variables(cls).values()]


def shown(settings: Any) -> list[tuple[str, str]]:
    """Rows of (variable, value) fit for a screen: secrets and passwords within addresses are masked."""
    rows = []
    for field_name, variable in variables(type(settings)).items():
        value = getattr(settings, field_name)
        text = "-" if value is None else str(value)
        rows.append((variable.name, "(secret)" if variable.secret and value is not None else text))
    return rows


def _shown_default(variable: Variable) -> str:
    if variable.required:
        return "required"
    return "-" if variable.default is None else str(variable.default)


def _remedy(variable: Variable) -> str:
    return f"set it (or {variable.name}_FILE, the path of a file with it) to: {variable.help}"


def _text(variable: Variable, environ: Mapping[str, str]) -> str | None:
    direct = environ.get(variable.name) or None
    path = environ.get(f"{variable.name}_FILE") or None
    if path is None:
        return direct
    if direct is not None:
        raise ValueError(f"and {variable.name}_FILE are both set; keep one of them")
    try:
        with Path(path).open(encoding="utf-8") as file:
            text = file.read(_FILE_LIMIT).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ValueError(f"cannot be read from the file of {variable.name}_FILE ({path}): {reason}") from None
    if not text:
        raise ValueError(f"is empty in the file of {variable.name}_FILE ({path})")
    return text


def _parser(annotation: Any) -> Callable[[str], Any]:
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        annotation = next(part for part in typing.get_args(annotation) if part is not types.NoneType)
    try:
        return _PARSERS[annotation]
    except KeyError:
        raise TypeError(f"a setting of type {annotation!r} needs parse=") from None


def _number(kind: Callable[[str], T], name: str) -> Callable[[str], T]:
    def parse(text: str) -> T:
        try:
            return kind(text.strip())
        except ValueError:
            raise ValueError(f"is {text!r}; set it to {name}") from None

    return parse


def _boolean(text: str) -> bool:
    known = {
        "true": True,
        "yes": True,
        "1": True,
        "on": True,
        "false": False,
        "no": False,
        "0": False,
        "off": False,
    }
    try:
        return known[text.strip().lower()]
    except KeyError:
        raise ValueError(f"is {text!r}; set it to true or false") from None


_PARSERS: dict[Any, Callable[[str], Any]] = {
    str: lambda text: text,
    int: _number(int, "a whole number"),
    float: _number(float, "a number"),
    bool: _boolean,
}


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Parser of an integer within low..high."""

    def parse(text: str) -> int:
        number = _number(int, f"a whole number from {low} to {high}")(text)
        if not low <= number <= high:
            raise ValueError(f"is {number}; set it to a whole number from {low} to {high}")
        return number

    return parse


def seconds(low: float, high: float) -> Callable[[str], float]:
    """Parser of a duration in seconds within low..high."""

    def parse(text: str) -> float:
        number = _number(float, f"seconds from {low:g} to {high:g}")(text)
        if not low <= number <= high:
            raise ValueError(f"is {number:g}; set it to seconds from {low:g} to {high:g}")
        return number

    return parse


def rate(text: str) -> float:
    """Parser of a number of times per second, 0 to 1,000,000."""
    number = _number(float, "times per second, 0 for no limit")(text)
    if not 0 <= number <= 1_000_000:
        raise ValueError(f"is {number:g}; set it to times per second, 0 for no limit")
    return number


def one_of(*choices: str) -> Callable[[str], str]:
    """Parser of one of a few words; letter case does not matter."""

    def parse(text: str) -> str:
        for choice in choices:
            if text.strip().lower() == choice.lower():
                return choice
        raise ValueError(f"is {text!r}; set it to one of {', '.join(choices)}")

    return parse


_ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})")


def address(text: str) -> str:
    """Parser of host:port."""
    match = _ADDRESS.fullmatch(text.strip())
    if match is None or not 0 < int(match[1]) < 65536:
        raise ValueError(f"is {text!r}; set it to host:port, for example 127.0.0.1:8000")
    return text.strip()


def addresses(text: str) -> str:
    """Parser of host:port,host:port,…"""
    return ",".join(address(part) for part in text.split(","))


def http_url(text: str) -> str:
    """Parser of an absolute http or https address."""
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"is {text!r}; set it to an address that starts with http:// or https://")
    return text.strip()


def unit_code(text: str) -> str:
    """Parser of the code of a unit."""
    if _UNIT.fullmatch(text.strip()) is None:
        raise ValueError(f"is {text!r}; set it to the code of a unit, such as TLD")
    return text.strip()


def mongo_uri(text: str) -> str:
    """Parser of a MongoDB connection string. The text is not repeated in the message: it may hold a
    password."""
    if not text.startswith(("mongodb://", "mongodb+srv://")):
        raise ValueError("is no MongoDB address; set it to one that starts with mongodb:// or mongodb+srv://")
    return text


@dataclass(frozen=True)
class ServiceSettings:
    """What every service needs; a service's config.Settings extends it."""

    http_bind: str = setting(
        "HTTP_BIND", default="127.0.0.1:8000", parse=address, help="host:port on which the API listens"
    )
    worker_bind: str = setting(
        "WORKER_BIND",
        default="127.0.0.1:8001",
        parse=address,
        help="host:port of the worker's health and metrics pages",
    )
    web_processes: int = setting(
        "WEB_PROCESSES",
        default=1,
        parse=whole_number(1, 32),
        help="processes of one API; prefer replicas, which also outlive their machine",
    )
    web_threads: int = setting(
        "WEB_THREADS",
        default=8,
        parse=whole_number(1, 64),
        help="requests that one API process answers at once",
    )
    write_rate: float = setting(
        "WRITE_RATE",
        default=10.0,
        parse=rate,
        help="changes that one person may make per second in the long run, per API process; 0 for no limit",
    )
    write_burst: int = setting(
        "WRITE_BURST",
        default=1000,
        parse=whole_number(1, 1_000_000),
        help="changes that one person may make at once before that",
    )
    anonymous_rate: float = setting(
        "ANONYMOUS_RATE",
        default=100.0,
        parse=rate,
        help="unsigned requests of one client address per second, per API process; 0 for no limit",
    )
    anonymous_burst: int = setting(
        "ANONYMOUS_BURST",
        default=1000,
        parse=whole_number(1, 1_000_000),
        help="unsigned requests that one client address may make at once before that",
    )
    proxy_hops: int = setting(
        "PROXY_HOPS",
        default=1,
        parse=whole_number(0, 10),
        help="proxies in front that append to X-Forwarded-For: 1 for the gateway alone, 2 with one before it",
    )
    mongo_uri: str = setting(
        "MONGO_URI",
        secret=True,
        parse=mongo_uri,
        help="mongodb://host:port/?replicaSet=rs0&retryWrites=true&w=majority&journal=true",
    )
    mongo_database: str = setting("MONGO_DATABASE", help="the name of the service's own database")
    kafka_bootstrap: str = setting(
        "KAFKA_BOOTSTRAP", parse=addresses, help="host:port,host:port of some Kafka brokers"
    )
    kafka_security_protocol: str = setting(
        "KAFKA_SECURITY_PROTOCOL",
        default="PLAINTEXT",
        parse=one_of("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
        help="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL",
    )
    kafka_sasl_mechanism: str | None = setting(
        "KAFKA_SASL_MECHANISM",
        default=None,
        parse=one_of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
        help="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; needed with SASL",
    )
    kafka_sasl_username: str | None = setting(
        "KAFKA_SASL_USERNAME", default=None, help="the user name; needed with SASL"
    )
    kafka_sasl_password: str | None = setting(
        "KAFKA_SASL_PASSWORD", default=None, secret=True, help="the password; needed with SASL"
    )
    kafka_ssl_cafile: str | None = setting(
        "KAFKA_SSL_CAFILE",
        default=None,
        help="path of the certificates to trust, PEM; the system's without it",
    )
    oidc_issuer: str = setting(
        "OIDC_ISSUER", parse=http_url, help="the issuer's address, as in the claim iss"
    )
    oidc_audience: str = setting("OIDC_AUDIENCE", default="sangkien", help="what the claim aud must contain")
    oidc_jwks_url: str = setting(
        "OIDC_JWKS_URL", parse=http_url, help="the address of the issuer's key set, as seen from the service"
    )
    plain_hosts: str | None = setting(
        "PLAIN_HOSTS",
        default=None,
        parse=host_names,
        help="host,host,… that passwords and keys may go to and come from unencrypted: on a closed network",
    )
    administration_unit: str = setting(
        "ADMINISTRATION_UNIT",
        default="TLD",
        parse=unit_code,
        help="the unit of the whole programme; operators, and administrators of contacts, are granted on it",
    )
    log_level: str = setting(
        "LOG_LEVEL",
        default="INFO",
        parse=one_of("DEBUG", "INFO", "WARNING", "ERROR"),
        help="DEBUG, INFO, WARNING or ERROR",
    )
    shutdown_seconds: float = setting(
        "SHUTDOWN_SECONDS",
        default=10.0,
        parse=seconds(0.1, 300),
        help="how long a stopping process may finish what it began",
    )
    drain_seconds: float = setting(
        "DRAIN_SECONDS",
        default=0.5,
        parse=seconds(0, 60),
        help="how long a stopping API still serves while /readyz says no; above the load balancer's interval",
    )

    def contradictions(self) -> tuple[str, ...]:
        """Lines like those of SettingsError on variables that do not go together; a service adds its own."""
        keys = key_set_contradictions(self.oidc_jwks_url, self.plain_hosts)
        return (*kafka_contradictions(self), *keys)
