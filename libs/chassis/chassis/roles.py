"""The command line of a service: one image, many roles (api, worker, migrate, check-config and its own). It wires
nothing; that is the service's bootstrap.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from flask import Flask

from chassis.settings import ServiceSettings

EXIT_CONFIGURATION = 78  # EX_CONFIG of sysexits.h

S = TypeVar("S", bound=ServiceSettings)


class Runnable(Protocol):
    """What the worker role runs; see chassis.worker."""

    def run(self) -> int | None: ...


@dataclass(frozen=True)
class Service(Generic[S]):
    """A service as its command line sees it. Each callable is called in the process that plays the role.

    extra: further roles, name -> what runs with the settings and the remaining arguments and returns the exit code.
    """

    name: str
    settings_class: type[S]
    api: Callable[[S], Flask]
    worker: Callable[[S], Runnable]
    migrate: Callable[[S], None]
    extra: Mapping[str, Callable[[S, list[str]], int]] = field(default_factory=dict)


def main(
    service: Service[Any], argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None
) -> int:
    """Play the role that the arguments name; the exit code. 78 when the settings are not complete, 64 for an
    unknown role."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    environment = os.environ if environ is None else environ
    raise NotImplementedError(arguments, environment)
