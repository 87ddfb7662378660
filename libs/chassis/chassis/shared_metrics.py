"""Metrics of an API that runs as several processes: counted in files that all of them share, so that the page
of whichever process is asked shows the sum. An API of one process counts in its memory and needs no file.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from prometheus_client import CollectorRegistry, generate_latest, multiprocess

# prometheus_client looks at this once, when it is imported.
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_MEMORY = Path("/dev/shm")  # noqa: S108  (nothing of it is worth the writing to a disk)


def shared(environ: Mapping[str, str]) -> bool:
    """Whether this process was started with a folder for them."""
    return FOLDER in environ


def start_again(environ: Mapping[str, str]) -> NoReturn:
    """Replace this process by the same program with a new folder for its metrics."""
    folder = tempfile.mkdtemp(prefix="metrics-", dir=_MEMORY if _MEMORY.is_dir() else None)
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**environ, FOLDER: folder})  # noqa: S606


def page() -> bytes:
    """The metrics of this process, or of all processes of its API."""
    if not shared(os.environ):
        return generate_latest()
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def forget(pid: int) -> None:
    """A process has ended: what it counted stays, what it only measured goes."""
    if shared(os.environ):
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]


def remove() -> None:
    """The API has ended."""
    if shared(os.environ):
        shutil.rmtree(os.environ[FOLDER], ignore_errors=True)
