"""Finds the programs of other projects that the platform runs."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from sangkienctl.home import PlatformError


def program(name: str) -> str:
    """The path of a command of our environment. Raises PlatformError if it is not installed."""
    own = Path(sys.executable).with_name(name)
    found = str(own) if own.exists() else shutil.which(name)
    if found is None:
        raise PlatformError(f"the command {name} is not installed; run bin/setup")
    return found
