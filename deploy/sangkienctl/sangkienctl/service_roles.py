"""Runs a role of a service in a separate process, so that this command never imports a service."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sangkienctl.platform import Platform
from sangkienctl.processes import service_environment


def run_role(home: Path, service: str, *arguments: str) -> None:
    """Run it with the settings of the environment, or else those of the embedded platform; exit with its exit
    code."""
    environment = dict(os.environ)
    if "MONGO_URI" not in environment:
        environment |= service_environment(service, Platform(home).addresses)
    command = [sys.executable, "-m", service, *arguments]
    sys.exit(subprocess.run(command, env=environment, check=False).returncode)  # noqa: S603
