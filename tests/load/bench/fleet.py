"""Runs client processes of tests/load/bench/crowd.py beside a benchmark, and ends them with it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.load.bench import crowd
from tests.support.journey import ROOT


@dataclass
class Fleet:
    """So many processes of one kind against the platform of `home`; `arguments` as crowd takes them.

    journals: an empty folder of their own for each fleet.
    """

    kind: str
    home: Path
    journals: Path
    processes: int = 1
    arguments: tuple[str, ...] = ()
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.journals.mkdir(parents=True, exist_ok=True)
        for number in range(self.processes):
            command = [sys.executable, "-m", crowd.__name__, self.kind, "--home", str(self.home)]
            command += ["--journal", str(self.journals / f"{self.kind}-{number}.log")]
            command += ["--part", f"{number}/{self.processes}", *self.arguments]
            with (self.journals / f"errors-{self.kind}-{number}.txt").open("wb") as output:
                self._running.append(subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT))
        return self

    @property
    def running(self) -> bool:
        """Whether any of them is still at work."""
        return any(process.poll() is None for process in self._running)

    @property
    def acknowledged(self) -> int:
        return crowd.count(self.journals, self.kind)

    def finish(self, seconds: float, *, ask: bool = False) -> None:
        """Wait until all have ended, after asking them to if `ask`; RuntimeError if one did not end well."""
        for process in self._running:
            if ask:
                process.terminate()
        for number, process in enumerate(self._running):
            if process.wait(seconds) != 0:
                errors = (self.journals / f"errors-{self.kind}-{number}.txt").read_text()
                raise RuntimeError(f"{self.kind} {number} ended with {process.returncode}: {errors[-1500:]}")
        self._running.clear()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._running:
            process.kill()
            process.wait()
        self._running.clear()
