"""Runs one server process for a test: start, readiness by polling with a deadline, stop, kill -9, restart."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

# Below the range of ports for outgoing connections: one of those could otherwise take a server's port while
# the server is down between a kill and its restart.
_PORTS = range(15000, 32000)


def free_port() -> int:
    """A port that was free a moment ago on loopback, and that no outgoing connection will take."""
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 20, every: float = 0.02) -> None:
    """Poll `condition` until it is true; after `seconds` fail with the message that `what` did not happen."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(every)


def accepts_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
    except OSError:
        return False
    return True


class ServerProcess:
    """A server as a child process in its own process group, with its output in a file.

    command: the argument vector; port: the loopback port that accepts connections once it serves.
    """

    def __init__(
        self, name: str, command: list[str], port: int, log: Path, environment: dict[str, str] | None = None
    ) -> None:
        self.name = name
        self.command = command
        self.port = port
        self.log = log
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError(f"{self.name} is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ready(self) -> bool:
        """Whether the server is ready; a subclass may check more than an open port."""
        return accepts_connections(self.port)

    def start(self, seconds: float = 60) -> Self:
        """Start it and wait until it is ready; RuntimeError with the end of its output if it never is."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command, stdout=output, stderr=output, env=self._environment, start_new_session=True
            )
        deadline = time.monotonic() + seconds
        while not self.ready():
            if not self.running or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self.name} did not start; its output ends:\n{self.output()[-3000:]}")
            time.sleep(0.02)
        return self

    def stop(self, seconds: float = 20) -> int:
        """SIGTERM and wait; SIGKILL after `seconds`. Returns the exit code."""
        if self._process is None:
            return 0
        if self.running:
            self._process.terminate()
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._process = None
        return code

    def kill(self) -> None:
        """SIGKILL: the process cannot write anything more."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> Self:
        """Start again on the same port and data, after `stop`, `kill`, or while still running."""
        self.stop()
        return self.start()

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def output(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def __enter__(self) -> Self:
        return self if self.running else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
