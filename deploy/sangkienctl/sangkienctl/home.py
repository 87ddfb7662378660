"""The home folder of one embedded platform: its data, logs, secrets and records, and the lock that prevents
two commands from changing it at the same time. It starts nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

HOME_VARIABLE = "SANGKIEN_HOME"
REPOSITORY = Path(__file__).resolve().parents[3]
# sun_path of a unix socket holds 108 bytes on Linux and 104 elsewhere.
LONGEST_SOCKET_PATH = 100


class PlatformError(Exception):
    """The platform cannot do what the operator asked; the message, one line, says why and what to do."""


class Home:
    """The folder and its parts. path: absolute after construction; created by `prepare`."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        self.data = self.path / "data"
        self.logs = self.path / "logs"
        self.secrets = self.path / "secrets"
        self.supervisor_config = self.path / "supervisord.conf"
        self.supervisor_log = self.logs / "supervisord.log"
        self.supervisor_pid = self.path / "supervisord.pid"
        self.record_file = self.path / "platform.json"
        self._lock_file = self.path / "lock"

    @property
    def supervisor_socket(self) -> Path:
        inside = self.path / "supervisord.sock"
        if len(str(inside)) <= LONGEST_SOCKET_PATH:
            return inside
        digest = hashlib.sha256(str(self.path).encode()).hexdigest()[:16]
        return _private_folder(Path(tempfile.gettempdir()) / f"sangkien-{os.getuid()}") / f"{digest}.sock"

    def prepare(self) -> None:
        for folder in (self.path, self.data, self.logs, self.secrets):
            folder.mkdir(parents=True, exist_ok=True)
        # Initiatives, mails, logs and passwords: no other user of the machine may read them.
        for folder in (self.path, self.secrets):
            folder.chmod(0o700)

    def record(self) -> dict[str, Any]:
        """The content of platform.json, written by the last start; empty before the first start."""
        try:
            written: dict[str, Any] = json.loads(self.record_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except json.JSONDecodeError as error:
            raise PlatformError(
                f"{self.record_file} is damaged ({error}); delete it and run `sangkienctl up` again"
            ) from error
        return written

    def write_record(self, record: Mapping[str, Any]) -> None:
        write_atomically(self.record_file, json.dumps(record, indent=2, ensure_ascii=False) + "\n")

    def secret(self, name: str) -> str:
        """The secret of that name, created at its first use; readable only by the owner."""
        file = self.secrets / name
        if not file.exists():
            descriptor = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as output:
                output.write(secrets.token_urlsafe(32))
        return file.read_text().strip()

    def kept_secret(self, name: str) -> str:
        """A secret that was given; PlatformError when its file is gone."""
        file = self.secrets / name
        try:
            return file.read_text().strip()
        except FileNotFoundError as error:
            raise PlatformError(f"{file} is missing; give the address again: up --mongo URI") from error

    def keep_secret(self, name: str, value: str) -> None:
        """Replace a secret."""
        write_atomically(self.secrets / name, value, mode=0o600)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the home. Raises PlatformError at once if another command holds it."""
        self.path.mkdir(parents=True, exist_ok=True)
        with self._lock_file.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                file.seek(0)
                raise PlatformError(
                    f"another sangkienctl (pid {file.read().strip() or 'unknown'}) is changing {self.path}; "
                    "wait for it to end"
                ) from error
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield


def _private_folder(path: Path) -> Path:
    """The folder, made when absent. PlatformError when another user may have put it there: what answers in it
    would be obeyed."""
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PlatformError(
            f"{path} is not a folder of yours that nobody else may enter; remove it, "
            f"or choose a home with a shorter path ({HOME_VARIABLE})"
        )
    return path


def write_atomically(path: Path, text: str, mode: int = 0o600) -> None:
    """Write so that a reader sees the old or the new text even after a crash. mode: of the file."""
    partial = path.with_name(path.name + ".partial")
    descriptor = os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as output:
        output.write(text)
        output.flush()
        os.fsync(output.fileno())
    partial.replace(path)
