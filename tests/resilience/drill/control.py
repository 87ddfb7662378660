"""How the drill reaches into processes of its own platform: where a file says by how much the clock of one
is moved, or which fault it gets at its next start. See injected/sitecustomize.py for the other end.
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
    """The files for the processes of one platform, in `folder`."""

    folder: Path

    def move_clock(self, process: str, seconds: float) -> None:
        """From now on the process's time of day is off by so much; 0 puts it right."""
        partial = self.folder / f"{process}.clock.partial"
        partial.write_text(f"{seconds}")
        partial.replace(self.folder / f"{process}.clock")

    def plant(self, process: str, fault: str) -> None:
        """The fault that the process gets when it is started the next time."""
        (self.folder / f"{process}.fault").write_text(fault)

    def unplant(self, process: str) -> None:
        (self.folder / f"{process}.fault").unlink(missing_ok=True)

    @property
    def environment(self) -> dict[str, str]:
        path = os.pathsep.join(filter(None, (str(INJECTED), os.environ.get("PYTHONPATH"))))
        return {"PYTHONPATH": path, CONTROL_VARIABLE: str(self.folder)}


@contextmanager
def controlled(folder: Path) -> Iterator[Control]:
    """A platform that is started within gets its processes' orders from `folder`, also after the end."""
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
