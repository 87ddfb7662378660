"""The command line of a service: one image, many roles (api, worker, migrate, check-config and the service's
own). It wires nothing; the service's bootstrap does.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from chassis import logs
from chassis.settings import ServiceSettings, SettingsError, load, shown

if TYPE_CHECKING:
    from flask import Flask

EXIT_USAGE = 64  # EX_USAGE of sysexits.h
EXIT_CONFIGURATION = 78  # EX_CONFIG
CHECK_CONFIG = "check-config"

S = TypeVar("S", bound=ServiceSettings)

_log = logging.getLogger(__name__)


class Runnable(Protocol):
    """The object that the worker role runs; see chassis.worker. Returns the exit code, None for 0."""

    def run(self) -> int | None: ...


@dataclass(frozen=True)
class Service(Generic[S]):
    """The parts of a service that its command line needs. Each callable runs in the process of its role.

    extra: further roles: name -> function of the settings and the remaining arguments; it returns the exit
    code.
    """

    name: str
    settings_class: type[S]
    api: Callable[[S], Flask]
    worker: Callable[[S], Runnable]
    migrate: Callable[[S], None]
    extra: Mapping[str, Callable[[S, list[str]], int]] = field(default_factory=dict)

    @property
    def roles(self) -> tuple[str, ...]:
        return ("api", "worker", "migrate", CHECK_CONFIG, *self.extra)


def main(
    service: Service[Any], argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None
) -> int:
    """Run the role that the arguments name; return the exit code: 78 if the settings are incomplete, 64 for
    an unknown role."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    role = arguments[0] if arguments else ""
    if role not in service.roles:
        _print_error(f"usage: python -m {service.name} {{{'|'.join(service.roles)}}}")
        return EXIT_USAGE
    try:
        settings = load(service.settings_class, os.environ if environ is None else environ)
    except SettingsError as error:
        _print_error(f"{service.name}: the settings are not complete")
        for problem in error.problems:
            _print_error(f"  {problem}")
        return EXIT_CONFIGURATION
    if role == CHECK_CONFIG:
        for name, value in shown(settings):
            print(f"{name}={value}")
        return 0
    logs.configure(service.name, role, settings.log_level)
    try:
        return _run(service, role, settings, arguments[1:])
    except Exception:
        _log.critical("role crashed", exc_info=True)
        return 1


def _run(service: Service[Any], role: str, settings: Any, arguments: list[str]) -> int:
    if role == "api":
        # Imported here: the other roles run no web server.
        from chassis.server import run_api

        run_api(lambda: service.api(settings), settings)
        return 0
    if role == "worker":
        return service.worker(settings).run() or 0
    if role == "migrate":
        service.migrate(settings)
        return 0
    return service.extra[role](settings, arguments)


def _print_error(line: str) -> None:
    print(line, file=sys.stderr)
