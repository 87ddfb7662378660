"""The evidence of a failed drill: plan, findings, the stacks of all processes, and the whole home of the
platform with its data and logs.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import psutil

from tests.resilience.drill.checker import Finding
from tests.support.platform import RunningPlatform

DUMP_SECONDS = 20


def write_findings(folder: Path, number: int, findings: Iterable[Finding], notes: Iterable[str]) -> Path:
    """Write the findings and notes of a round to a file in `folder`."""
    file = folder / f"round-{number:03d}.txt"
    lines = [f"{finding.rule} | {finding.about} | {finding.says}" for finding in findings]
    file.write_text("\n".join([*notes, "", *lines, ""]), encoding="utf-8")
    return file


def write_stacks(folder: Path, platform: RunningPlatform) -> None:
    """Write the current stacks of every process of the platform, if py-spy is on PATH."""
    spy = shutil.which("py-spy")
    if spy is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for status in platform.control.status():
        for pid in _family(status.pid):
            dump = subprocess.run(
                [spy, "dump", "--pid", str(pid)],
                capture_output=True, text=True, timeout=DUMP_SECONDS, check=False,
            )  # fmt: skip
            (folder / f"{status.name}-{pid}.txt").write_text(dump.stdout + dump.stderr, encoding="utf-8")


def _family(pid: int) -> list[int]:
    if pid == 0:
        return []
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.NoSuchProcess:
        return []
