"""Probes whether processes are ready, and waits until they are."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sangkienctl.home import PlatformError
from sangkienctl.ports import LOOPBACK
from sangkienctl.processes import Probe, ProcessSpec
from sangkienctl.supervision import ProcessState

POLL_SECONDS = 0.1
PROBE_SECONDS = 3
LOG_TAIL_BYTES = 4000
# A process that died more often than this during one start will not start on another attempt.
HOPELESS_DEATHS = 3


def is_ready(probe: Probe) -> bool:
    """Whether the port accepts connections and the path, if there is one, answers 200."""
    try:
        if probe.path is None:
            socket.create_connection((LOOPBACK, probe.port), timeout=PROBE_SECONDS).close()
            return True
        connection = http.client.HTTPConnection(LOOPBACK, probe.port, timeout=PROBE_SECONDS)
        try:
            connection.request("GET", probe.path)
            return connection.getresponse().status == 200
        finally:
            connection.close()
    except (OSError, http.client.HTTPException):
        return False


def wait_ready(
    specs: Sequence[ProcessSpec],
    states: Callable[[], dict[str, ProcessState]],
    logs: Path,
    on_ready: Callable[[str], None],
) -> None:
    """Wait until every process is ready; call `on_ready` with the name of each one.

    Raises PlatformError, with the last line of its log, for the first process that is late or keeps dying.
    """
    waiting = {spec.name: spec for spec in specs}
    began = time.monotonic()
    pids: dict[str, set[int]] = {name: set() for name in waiting}
    while waiting:
        seen = states()
        for name, spec in list(waiting.items()):
            state = seen.get(name)
            if state is not None and state.running and is_ready(spec.probe):
                del waiting[name]
                on_ready(name)
                continue
            if state is not None and state.pid:
                pids[name].add(state.pid)
            late = time.monotonic() - began > spec.ready_seconds
            hopeless = len(pids[name]) > HOPELESS_DEATHS or (state is not None and state.state == "FATAL")
            if late or hopeless:
                reason = "keeps dying" if hopeless else f"is not ready after {spec.ready_seconds:g} s"
                log = logs / f"{name}.log"
                raise PlatformError(f"{name} {reason}; its log {log} ends: {last_line(log)}")
        if waiting:
            time.sleep(POLL_SECONDS)


def last_line(log: Path) -> str:
    """The last line that is not blank; empty if there is none."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - LOG_TAIL_BYTES))
            tail = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    lines = [line.strip() for line in tail.splitlines() if line.strip()]
    return lines[-1][:500] if lines else ""
