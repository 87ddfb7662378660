"""A Docker engine as the tests reach it: whether one is there, what images it has, and containers that a test
watches and stops. It goes by the command `docker`, as a person does; DOCKER_HOST says which engine.
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
LINES_OF_EVIDENCE = 20


def engine_unavailable() -> str | None:
    """Why no engine can be used, or None."""
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
    """Why `docker` cannot be called here, or None."""
    if shutil.which("docker") is None:
        return "the command docker is not installed"
    return engine_unavailable()


@cache
def base_unavailable(image: str) -> str | None:
    """Why nothing can be built on this image here, or None; pulls it when it is not there."""
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
    """Run the command `docker`; with `check`, a failure shows the end of what it said."""
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, timeout=seconds, cwd=cwd
    )
    if check and done.returncode != 0:
        said = (done.stdout + done.stderr).splitlines()[-LINES_OF_EVIDENCE:]
        raise AssertionError("\n".join([f"docker {' '.join(arguments)}: exit {done.returncode}", *said]))
    return done


def described(kind: str, name: str) -> dict[str, Any]:
    """What the engine knows of an image or a container."""
    read: list[dict[str, Any]] = json.loads(docker(kind, "inspect", name).stdout)
    return read[0]


class Container:
    """One container that runs in the background; it is removed at the end, however the test ends.

    options: of `docker run`; arguments: what the image's entry point gets.
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
        """Run a command inside; its exit code is the caller's to judge."""
        return docker("exec", self.id, *command, check=False)

    def wait_healthy(self, check: Sequence[str], seconds: float = 120) -> None:
        """Until the health check, as docker-compose.yml has it, succeeds inside."""
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
