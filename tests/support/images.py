"""The images of this repository: their sources, base images, how docker-compose.yml runs them, and what the
build adds to the base.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.docker_engine import BUILD_SECONDS, base_unavailable, docker
from tests.support.repository import ROOT
from tests.support.tiers import Tier

SERVICES = ("submission", "review", "stats", "notify")
RECIPES = {
    **{service: f"services/{service}/Dockerfile" for service in SERVICES},
    "sangkienctl": "deploy/sangkienctl/Dockerfile",
    "gateway": "web/Dockerfile",
}


@dataclass(frozen=True)
class BuiltImage:
    """tag: its name at the engine; base: the base image of its last stage."""

    tag: str
    base: str

    @cached_property
    def added_bytes(self) -> int:
        """The size of the layers above the base."""
        return _size(self.tag) - _size(self.base)

    @cached_property
    def added_files(self) -> frozenset[str]:
        """The files that the base does not have."""
        return _files(self.tag) - _files(self.base)


class BuiltImages:
    """Builds each image when a test first needs it, as described in the first lines of its Dockerfile."""

    def __init__(self) -> None:
        self._built: dict[str, BuiltImage] = {}

    def __getitem__(self, name: str) -> BuiltImage:
        if name not in self._built:
            self._built[name] = self._build(name)
        return self._built[name]

    def _build(self, name: str) -> BuiltImage:
        bases = _bases(RECIPES[name])
        for base in bases:
            reason = base_unavailable(base)
            if reason is not None:
                pytest.skip(f"{Tier.DOCKER}: {reason}")
        # Never the names that a person uses for their own builds.
        tag = f"sangkien-test/{name}"
        docker("build", "--file", RECIPES[name], "--tag", tag, ".", seconds=BUILD_SECONDS, cwd=str(ROOT))
        return BuiltImage(tag, bases[-1])

    def forget(self) -> None:
        """Remove the tags; the layers are kept for the next build."""
        for image in self._built.values():
            docker("image", "rm", "--no-prune", image.tag)


@contextmanager
def built_images(directory: Path) -> Iterator[BuiltImages]:
    images = BuiltImages()
    try:
        yield images
    finally:
        images.forget()


def _bases(recipe: str) -> list[str]:
    """The base image of each stage of a Dockerfile, by its defaults, the last stage last."""
    text = (ROOT / recipe).read_text()
    defaults = dict(re.findall(r"^ARG (\w+)=(\S+)$", text, re.MULTILINE))
    return [defaults[name] for name in re.findall(r"^FROM \$\{(\w+)\}", text, re.MULTILINE)]


def _size(image: str) -> int:
    layers = docker("history", "--human=false", "--format", "{{.Size}}", image).stdout.split()
    return sum(map(int, layers))


@cache
def _files(image: str) -> frozenset[str]:
    found = docker("run", "--rm", "--user", "0", "--entrypoint", "find", image, "/", "-xdev", "-type", "f")
    return frozenset(found.stdout.splitlines())


@cache
def compose() -> dict[str, Any]:
    """The services of docker-compose.yml."""
    services: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return services


def environment(part: str) -> dict[str, str]:
    """The environment of a service of docker-compose.yml, every variable at its default; one without
    is a secret, which no part of ours needs."""
    declared: Mapping[str, str] = compose()[part]["environment"]
    return {name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for name, value in declared.items()}


def restrictions(part: str) -> list[str]:
    """The restrictions of a service in docker-compose.yml, as options of `docker run`."""
    service = compose()[part]
    lists = {"tmpfs": "tmpfs", "cap_drop": "cap-drop", "cap_add": "cap-add", "security_opt": "security-opt"}
    options = [f"--{option}={value}" for key, option in lists.items() for value in service.get(key, ())]
    return [*options, "--read-only"] if service.get("read_only") else options


def grace_seconds(part: str) -> int:
    """How long docker-compose.yml waits between SIGTERM and SIGKILL."""
    return int(compose()[part]["stop_grace_period"].removesuffix("s"))
