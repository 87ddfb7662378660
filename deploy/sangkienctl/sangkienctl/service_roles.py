"""Plays a role of a service as a process of its own, so that this command never imports a service."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sangkienctl.platform import Platform
from sangkienctl.processes import service_environment


def run_role(home: Path, service: str, *arguments: str) -> None:
    """Play it with the settings of the environment, or else those of the embedded platform; ends this process
    with its exit code."""
    environment = dict(os.environ)
    if "MONGO_URI" not in environment:
        environment |= service_environment(service, Platform(home).addresses)
    command = [sys.executable, "-m", service, *arguments]
    sys.exit(subprocess.run(command, env=environment, check=False).returncode)  # noqa: S603
