"""Output for the operator: progress, tables, log lines. It contains no logic of the platform."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from sangkienctl.platform import ProcessStatus

FOLLOW_SECONDS = 0.2


class Steps:
    """Progress over named steps: a bar on a terminal, one line per step elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("", total=None)
        self._total = 0
        self._done = 0
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def plan(self, steps: int) -> None:
        self._total = steps
        self._bar.update(self._task, total=steps)

    def begin(self, what: str) -> None:
        self._bar.update(self._task, description=what)

    def done(self, what: str) -> None:
        self._done += 1
        self._bar.update(self._task, advance=1)
        if not self._console.is_terminal:
            seconds = time.monotonic() - self._began
            self._console.print(f"[{self._done}/{self._total}] {what} ({seconds:.1f} s)", markup=False)


@contextmanager
def counted(console: Console, what: str, total: int) -> Iterator[Counter]:
    """Progress over many items of one kind, with a rate."""
    with Counter(console, what, total) as counter:
        yield counter


class Counter:
    """A bar with count, rate and elapsed time; without a terminal, one line for each tenth."""

    def __init__(self, console: Console, what: str, total: int) -> None:
        self._console = console
        self._what = what
        self._total = total
        self._count = 0
        self._began = time.monotonic()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            console=console,
        )
        self._task = self._bar.add_task(what, total=total, rate="")

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def advance(self, count: int = 1) -> None:
        before, self._count = self._count, self._count + count
        rate = f"{self._count / max(0.001, time.monotonic() - self._began):.0f}/s"
        self._bar.update(self._task, completed=self._count, rate=rate)
        # Without a terminal: a line for each tenth (at least 50 items), and at the end.
        tenth = max(50, self._total // 10)
        if not self._console.is_terminal and (
            before // tenth != self._count // tenth or self._count == self._total
        ):
            self._console.print(f"{self._what}: {self._count}/{self._total} ({rate})", markup=False)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    made = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*row)
    return made


def status_table(statuses: Iterable[ProcessStatus]) -> Table:
    rows = [
        (
            status.name,
            "ready" if status.ready else status.state.lower(),
            str(status.pid or ""),
            _duration(status.uptime_seconds) if status.pid else "",
            status.address,
            status.note if not status.ready else "",
        )
        for status in statuses
    ]
    return table("", ("process", "state", "pid", "up", "listens on", "note"), rows)


def _duration(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"


def tail(file: Path, lines: int) -> list[str]:
    """The last lines of a file; empty if it does not exist."""
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
    except FileNotFoundError:
        return []


def follow(
    files: Sequence[Path], pause: Callable[[], object] = lambda: time.sleep(FOLLOW_SECONDS)
) -> Iterator[tuple[str, str]]:
    """Yields (process, line) for each new line; continues after a log rotation. Never ends."""
    positions = {file: file.stat().st_size if file.exists() else 0 for file in files}
    while True:
        for file, position in positions.items():
            size = file.stat().st_size if file.exists() else 0
            if size < position:
                position = 0  # rotated: this is a new file
            if size > position:
                with file.open("rb") as log:
                    log.seek(position)
                    content = log.read(size - position)
                complete = content[: content.rfind(b"\n") + 1]
                position += len(complete)
                for line in complete.decode("utf-8", "replace").splitlines():
                    yield file.stem, line
            positions[file] = position
        pause()
