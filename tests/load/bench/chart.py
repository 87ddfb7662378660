"""Draws lines over time as one self-contained SVG: panels above one another, one axis of time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, PANEL, LEFT, RIGHT, TOP, GAP = 860, 230, 78, 16, 46, 62
COLOURS = ("#1b6ca8", "#d1495b", "#3a8f5d", "#b07d12", "#6f4e9c", "#4a4a4a")
STEPS = (1, 2, 5, 10)
TICKS = 5
# Names of lines side by side.
LEGENDS = 4

Line = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """title: what is drawn, with its unit; lines: (seconds, value) by name."""

    title: str
    lines: Mapping[str, Line]


def svg(title: str, panels: Sequence[Panel]) -> str:
    end = max((at for panel in panels for line in panel.lines.values() for at, _ in line), default=1.0)
    height = TOP + len(panels) * (PANEL + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
        ' font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{LEFT}" y="22" font-size="15">{escape(title)}</text>',
    ]
    for number, panel in enumerate(panels):
        parts += _panel(panel, TOP + number * (PANEL + GAP), end)
    return "\n".join([*parts, "</svg>\n"])


def _panel(panel: Panel, top: float, end: float) -> list[str]:
    most = max((value for line in panel.lines.values() for _, value in line), default=1.0) or 1.0
    bottom, right = top + PANEL, WIDTH - RIGHT

    def x(at: float) -> float:
        return LEFT + (right - LEFT) * at / end

    def y(value: float) -> float:
        return bottom - (PANEL - 24) * value / most

    parts = [f'<text x="{LEFT}" y="{top + 12}" font-weight="bold">{escape(panel.title)}</text>']
    for value in ticks(most):
        parts.append(f'<path d="M{LEFT} {y(value):.1f}H{right}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:,.0f}</text>')
    for at in ticks(end):
        parts.append(f'<text x="{x(at):.1f}" y="{bottom + 16}" text-anchor="middle">{at:,.0f} s</text>')
    for number, (name, line) in enumerate(panel.lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in line)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        row, place = divmod(number, LEGENDS)
        column, line_y = LEFT + place * (right - LEFT) / LEGENDS, bottom + 31 + row * 16
        parts.append(f'<rect x="{column:.0f}" y="{line_y - 5}" width="14" height="3" fill="{colour}"/>')
        parts.append(f'<text x="{column + 18:.0f}" y="{line_y}">{escape(name)}</text>')
    return parts


def ticks(most: float) -> list[float]:
    """Round values from 0 to `most`, some five."""
    rough = most / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in STEPS if power * factor >= rough)
    return [step * number for number in range(int(most / step) + 1)]
