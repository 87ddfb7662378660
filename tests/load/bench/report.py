"""How the benchmarks print: the machine's state, one compact table, and the figures of a list of times."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence

Cell = str | float | int | None


def state() -> str:
    """What has to stand beside every figure."""
    return (
        f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )


def percentile(taken: Sequence[float], per_cent: int) -> float:
    """Of one figure or more; the greatest for a share that so few do not show."""
    if len(taken) < 2:
        return taken[0]
    return statistics.quantiles(taken, n=100, method="inclusive")[per_cent - 1]


def table(heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """The first column to the left, the others to the right; None becomes a dash."""
    lines = [list(heads), *([_shown(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _shown(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.2f}"
    return f"{cell:,}" if isinstance(cell, int) else cell
