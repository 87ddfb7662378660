"""A Docker engine for tests: whether one is available, its images, and containers that a test watches and
stops. It uses the command `docker`; DOCKER_HOST selects the engine.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from functools import cache
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from tests.support.processes import wait_until

DEFAULT_ENGINE = "unix:///var/run/docker.sock"
PULL_SECONDS = 300
BUILD_SECONDS = 1800
STOP_SECONDS = 30
LINES_OF_EVIDENCE = 20
ENDED_BY_SIGTERM = 143


def engine_unavailable() -> str | None:
    """Why no engine is available, or None."""
    parts = urlsplit(os.environ.get("DOCKER_HOST", DEFAULT_ENGINE))
    try:
        if parts.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as engine:
                engine.connect(parts.path)
        else:
            socket.create_connection((parts.hostname, parts.port or 2375), timeout=2).close()
    except OSError:
        return "no Docker engine answers"
    return None


def image_unavailable(image: str) -> str | None:
    """Why a container of this image cannot be started here, or None. It never pulls."""
    # Asked first by hand, because the client leaks its socket when no engine is there.
    reason = engine_unavailable()
    if reason is not None:
        return reason
    import docker  # type: ignore[import-untyped]

    client = docker.from_env(timeout=5)
    try:
        client.images.get(image)
    except docker.errors.ImageNotFound:
        return f"the image {image} is not on this machine"
    finally:
        client.close()
    return None


def command_unavailable() -> str | None:
    """Why the command `docker` cannot be run, or None."""
    if shutil.which("docker") is None:
        return "the command docker is not installed"
    return engine_unavailable()


@cache
def base_unavailable(image: str) -> str | None:
    """Why this base image is not available, or None; pulls it if it is missing."""
    if docker("image", "inspect", image, check=False).returncode == 0:
        return None
    try:
        pulled = docker("pull", "--quiet", image, check=False, seconds=PULL_SECONDS)
    except subprocess.TimeoutExpired:
        return f"the image {image} is not on this machine, and pulling it takes too long"
    if pulled.returncode == 0:
        return None
    return f"the image {image} is not on this machine and cannot be pulled"


def docker(
    *arguments: str, check: bool = True, seconds: float = 120, cwd: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command `docker`; with `check`, a failure shows the end of its output."""
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, timeout=seconds, cwd=cwd
    )
    if check and done.returncode != 0:
        said = (done.stdout + done.stderr).splitlines()[-LINES_OF_EVIDENCE:]
        raise AssertionError("\n".join([f"docker {' '.join(arguments)}: exit {done.returncode}", *said]))
    return done


def described(kind: str, name: str) -> dict[str, Any]:
    """The engine's description of an image or a container."""
    read: list[dict[str, Any]] = json.loads(docker(kind, "inspect", name).stdout)
    return read[0]


class Container:
    """One container that runs in the background; it is removed at the end, even if the test fails.

    options: of `docker run`; arguments: of the image's entry point.
    """

    def __init__(
        self, image: str, *arguments: str, options: Sequence[str] = (), environment: Mapping[str, str] = {}
    ) -> None:
        settings = [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
        self._command = ["run", "--detach", *options, *settings, image, *arguments]
        self.id = ""

    def __enter__(self) -> Self:
        self.id = docker(*self._command).stdout.strip()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        docker("rm", "--force", "--volumes", self.id)

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = described("container", self.id)["State"]
        return state

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command inside; the caller checks its exit code."""
        return docker("exec", self.id, *command, check=False)

    def wait_healthy(self, check: Sequence[str], seconds: float = 120) -> None:
        """Wait until the health check of docker-compose.yml succeeds inside."""
        kind, *command = check
        assert kind == "CMD"

        def healthy() -> bool:
            assert self.state["Running"], f"it ended: {self.output()}"
            return self.run(*command).returncode == 0

        wait_until(healthy, f"the container is healthy: {self.output()}", seconds=seconds, every=0.25)

    def stop(self, grace_seconds: int) -> tuple[int, float]:
        """SIGTERM, and SIGKILL after the grace: the exit code (137 when killed) and the seconds it took."""
        begun = time.monotonic()
        docker("stop", "--time", str(grace_seconds), self.id)
        return int(self.state["ExitCode"]), time.monotonic() - begun

    def output(self) -> str:
        said = docker("logs", "--tail", str(LINES_OF_EVIDENCE), self.id)
        return said.stdout + said.stderr


class ServerContainer:
    """A server in a container of testcontainers. As with a server process, its data survive a stop and the
    next start; container and data are deleted at the end of the `with` block.

    Its port on the host is fixed, so that it is the same after a restart.
    """

    def __init__(self) -> None:
        self._container: Any = None

    def _described(self) -> Any:
        """The container to create: a DockerContainer that is not started yet."""
        raise NotImplementedError

    def _wait(self) -> None:
        """Return when it is ready."""
        raise NotImplementedError

    def start(self) -> Self:
        if self._container is None:
            self._container = self._described().start().get_wrapped_container()
        else:
            self._container.start()
        self._wait()
        return self

    def stop(self) -> int:
        """The exit code; 0 also if the stop signal was the reason."""
        self._container.stop(timeout=STOP_SECONDS)
        self._container.reload()
        code: int = self._container.attrs["State"]["ExitCode"]
        return 0 if code == ENDED_BY_SIGTERM else code

    def kill(self) -> None:
        self._container.kill()

    def restart(self) -> Self:
        self._container.restart(timeout=STOP_SECONDS)
        self._wait()
        return self

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self._remove()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    def _remove(self) -> None:
        if self._container is not None:
            self._container.remove(force=True, v=True)
            self._container.client.close()
