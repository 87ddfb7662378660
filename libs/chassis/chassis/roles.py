"""The command line of a service: one image, many roles (api, worker, migrate, check-config and the service's
own). It wires nothing; the service's bootstrap does.
"""

from __future__ import annotations

import argparse
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
CONSUMER = "consumer"

S = TypeVar("S", bound=ServiceSettings)

_log = logging.getLogger(__name__)


class Runnable(Protocol):
    """What the worker role runs; see chassis.worker. `run` returns the exit code, None for 0."""

    def run(self) -> int | None: ...
    def only(self, names: Sequence[str]) -> Runnable: ...


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
        return ("api", "worker", "migrate", CHECK_CONFIG, CONSUMER, *self.extra)


def main(
    service: Service[Any], argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None
) -> int:
    """Run the role that the arguments name; return the exit code: 78 if the settings are incomplete, 64 for
    an unknown role."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    role = arguments[0] if arguments else ""
    if role not in service.roles:
        _say(f"usage: python -m {service.name} {{{'|'.join(service.roles)}}}")
        return EXIT_USAGE
    try:
        settings = load(service.settings_class, os.environ if environ is None else environ)
    except SettingsError as error:
        _say(f"{service.name}: the settings are not complete")
        for problem in error.problems:
            _say(f"  {problem}")
        return EXIT_CONFIGURATION
    if role == CHECK_CONFIG:
        for name, value in shown(settings):
            print(f"{name}={value}")
        return 0
    logs.configure(service.name, role, settings.log_level)
    try:
        return _play(service, role, settings, arguments[1:])
    except Exception:
        _log.critical("role crashed", exc_info=True)
        return 1


def _play(service: Service[Any], role: str, settings: Any, arguments: list[str]) -> int:
    if role == "api":
        # Imported here: the other roles run no web server.
        from chassis import shared_metrics
        from chassis.server import run_api

        if settings.web_processes > 1 and not shared_metrics.shared(os.environ):
            shared_metrics.start_again(os.environ)
        run_api(lambda: service.api(settings), settings)
        return 0
    if role == "worker":
        return _work(service, settings, arguments)
    if role == "migrate":
        service.migrate(settings)
        return 0
    if role == CONSUMER:
        return _consumer(service, settings, arguments)
    return service.extra[role](settings, arguments)


def _consumer(service: Service[Any], settings: Any, arguments: list[str]) -> int:
    from chassis.clock import utc_now
    from chassis.consumer.parking import LimitStore
    from chassis.mongo.client import connect, database
    from chassis.operations.consumer_command import run

    client = connect(settings)
    try:
        return run(LimitStore(database(client, settings), service.name, utc_now), service.name, arguments)
    finally:
        client.close()


def _work(service: Service[Any], settings: Any, arguments: list[str]) -> int:
    # Imported here: the API has no Kafka client.
    from chassis.worker import UnknownPart

    parser = argparse.ArgumentParser(prog=f"python -m {service.name} worker")
    parser.add_argument(
        "--only", action="append", metavar="PART", help="run this part alone, for instance relay; repeatable"
    )
    try:
        only = parser.parse_args(arguments).only
        worker = service.worker(settings)
        return (worker if only is None else worker.only(only)).run() or 0
    except UnknownPart as error:
        _say(f"{service.name}: {error}")
        return EXIT_USAGE


def _say(line: str) -> None:
    print(line, file=sys.stderr)
