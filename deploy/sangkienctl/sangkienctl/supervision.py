"""Runs the catalogue under supervisord: writes its configuration, starts the daemon, talks to it over its
unix socket. Start order and readiness are in platform.py.
"""

from __future__ import annotations

import http.client
import shlex
import socket
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sangkienctl.home import HOME_VARIABLE, REPOSITORY, Home, PlatformError, write_atomically
from sangkienctl.orphans import PROCESS_VARIABLE
from sangkienctl.processes import ProcessSpec

ALREADY_STARTED = 60
NOT_RUNNING = 70
LOG_BYTES = 10 * 1024 * 1024
LOG_BACKUPS = 3
# A process that dies within this time after its start waits 1, 2, 3 … s before the next attempt.
SETTLED_SECONDS = 3
START_TRIES = 60
STOP_SECONDS = 20
# Initiatives, mails and logs are written for the owner alone, wherever a process puts them.
UMASK = 0o077


@dataclass(frozen=True)
class ProcessState:
    """The state of one process according to supervisord. pid: 0 if it does not run."""

    name: str
    state: str
    pid: int
    uptime_seconds: int
    note: str

    @property
    def running(self) -> bool:
        return self.state in ("RUNNING", "STARTING")


def configuration(home: Home, specs: Sequence[ProcessSpec]) -> str:
    """The text of supervisord.conf."""
    socket_path = home.supervisor_socket
    lines = [
        "; Written by `sangkienctl up`; changes are lost at the next start.",
        "[unix_http_server]",
        f"file={_value(str(socket_path))}",
        "chmod=0700",
        "[supervisord]",
        f"logfile={_value(str(home.supervisor_log))}",
        f"logfile_maxbytes={LOG_BYTES}",
        f"logfile_backups={LOG_BACKUPS}",
        f"pidfile={_value(str(home.supervisor_pid))}",
        f"childlogdir={_value(str(home.logs))}",
        f"directory={_value(str(REPOSITORY))}",
        "identifier=sangkien",
        f"umask={UMASK:03o}",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface",
    ]
    for spec in specs:
        lines += _program(home, spec)
    return "\n".join(lines) + "\n"


def _program(home: Home, spec: ProcessSpec) -> list[str]:
    environment = {
        **spec.environment,
        HOME_VARIABLE: str(home.path),
        PROCESS_VARIABLE: spec.name,
        "PYTHONUNBUFFERED": "1",
    }
    return [
        f"[program:{spec.name}]",
        f"command={_value(shlex.join(spec.command))}",
        f"environment={_environment(environment)}",
        f"priority={int(spec.stage)}",
        "autostart=false",
        "autorestart=true",
        f"startsecs={SETTLED_SECONDS}",
        f"startretries={START_TRIES}",
        f"stopwaitsecs={STOP_SECONDS}",
        "killasgroup=true",
        "redirect_stderr=true",
        f"stdout_logfile={_value(str(home.logs / spec.name))}.log",
        f"stdout_logfile_maxbytes={LOG_BYTES}",
        f"stdout_logfile_backups={LOG_BACKUPS}",
    ]


def _value(text: str) -> str:
    if "\n" in text:
        raise PlatformError(f"a setting for supervisord contains a line break: {text!r}")
    # supervisord expands %(name)s and reads " ;" as the start of a comment.
    if " ;" in text:
        raise PlatformError(f"supervisord does not allow ' ;' in a setting: {text!r}")
    return text.replace("%", "%%")


def _environment(environment: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_quoted(value)}"' for name, value in sorted(environment.items()))


def _quoted(value: str) -> str:
    if '"' in value or "\\" in value:
        raise PlatformError(f"supervisord does not allow quotes or backslashes in a setting: {value!r}")
    return _value(value)


class Supervisor:
    """The daemon of one home."""

    def __init__(self, home: Home) -> None:
        self._home = home

    @property
    def pid(self) -> int | None:
        """The daemon's pid if it answers, else None."""
        try:
            return int(self._call("getPID"))
        except OSError:
            return None

    def start(self, specs: Sequence[ProcessSpec]) -> None:
        """Write the configuration and start the daemon; it starts no program yet."""
        write_atomically(self._home.supervisor_config, configuration(self._home, specs))
        command = [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord"]
        command += ["-c", str(self._home.supervisor_config)]
        # Its own log is opened before it reads the umask of its configuration.
        started = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, check=False, umask=UMASK
        )
        if started.returncode != 0:
            raise PlatformError(
                f"supervisord did not start: {(started.stderr or started.stdout).strip()[-300:]}"
            )
        deadline = time.monotonic() + 15
        while self.pid is None:
            if time.monotonic() > deadline:
                raise PlatformError(f"supervisord does not answer; see {self._home.supervisor_log}")
            time.sleep(0.05)

    def configured_as(self, specs: Sequence[ProcessSpec]) -> bool:
        """Whether the running daemon was started with exactly these processes."""
        try:
            return self._home.supervisor_config.read_text(encoding="utf-8") == configuration(
                self._home, specs
            )
        except FileNotFoundError:
            return False

    def states(self) -> dict[str, ProcessState]:
        """Every process by name; empty if the daemon does not answer."""
        try:
            entries = self._call("getAllProcessInfo")
        except OSError:
            return {}
        return {
            entry["name"]: ProcessState(
                name=entry["name"],
                state=entry["statename"],
                pid=entry["pid"],
                uptime_seconds=max(0, entry["now"] - entry["start"]) if entry["pid"] else 0,
                note=entry["spawnerr"]
                or (f"exit status {entry['exitstatus']}" if entry["exitstatus"] else ""),
            )
            for entry in entries
        }

    def launch(self, name: str) -> None:
        """Start one process; no effect if it runs."""
        self._tolerant(ALREADY_STARTED, "startProcess", name, False)

    def halt(self, name: str) -> None:
        """Stop one process (SIGTERM, SIGKILL after STOP_SECONDS) without waiting for it."""
        self._tolerant(NOT_RUNNING, "stopProcess", name, False)

    def shutdown(self) -> None:
        self._call("shutdown")

    def _tolerant(self, code: int, method: str, *arguments: Any) -> None:
        try:
            self._call(method, *arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != code:
                raise PlatformError(
                    f"supervisord refused {method}{arguments}: {fault.faultString}"
                ) from fault

    def _call(self, method: str, *arguments: Any) -> Any:
        transport = _UnixTransport(self._home.supervisor_socket)
        with xmlrpc.client.ServerProxy("http://supervisor", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        # The base class closes the connection that it finds in this attribute.
        self._connection = (host, _UnixConnection(self._path))
        return self._connection[1]


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("supervisor", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(str(self._path))
        except OSError:
            self.sock.close()
            raise
