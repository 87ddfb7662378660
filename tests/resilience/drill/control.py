"""How the drill controls processes of its own platform: files set how far a process's clock is shifted, and
which fault is injected at its next start. injected/sitecustomize.py reads them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

INJECTED = Path(__file__).with_name("injected")
CONTROL_VARIABLE = "DRILL_CONTROL"


@dataclass(frozen=True)
class Control:
    """The control files for the processes of one platform, in `folder`."""

    folder: Path

    def move_clock(self, process: str, seconds: float) -> None:
        """Shift the process's time of day from now on; 0 corrects it."""
        partial = self.folder / f"{process}.clock.partial"
        partial.write_text(f"{seconds}")
        partial.replace(self.folder / f"{process}.clock")

    def plant(self, process: str, fault: str) -> None:
        """The fault to inject when the process is started next."""
        (self.folder / f"{process}.fault").write_text(fault)

    def unplant(self, process: str) -> None:
        (self.folder / f"{process}.fault").unlink(missing_ok=True)

    @property
    def environment(self) -> dict[str, str]:
        path = os.pathsep.join(filter(None, (str(INJECTED), os.environ.get("PYTHONPATH"))))
        return {"PYTHONPATH": path, CONTROL_VARIABLE: str(self.folder)}


@contextmanager
def controlled(folder: Path) -> Iterator[Control]:
    """The processes of a platform that is started within the block read their control files from `folder`,
    even after the block."""
    folder.mkdir(parents=True, exist_ok=True)
    control = Control(folder)
    before = {name: os.environ.get(name) for name in control.environment}
    os.environ.update(control.environment)
    try:
        yield control
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
