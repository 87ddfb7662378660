"""Every dependency is ranged, pinned and licensed on record; no file names an index or one machine's path."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.support.repository import texts

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = (
    "contracts",
    "libs/chassis",
    "libs/union",
    "services/submission",
    "services/review",
    "services/stats",
    "services/notify",
    "deploy/embedded",
    "deploy/sangkienctl",
)
LOCKS = ("constraints.txt", "web/node.txt", "bin/audit.txt")
IMAGES = tuple(project for project in PROJECTS if (ROOT / project / "Dockerfile").exists())
# Written in pieces, so that this file does not match itself.
FORBIDDEN_TEXT = re.compile(
    "|".join(
        (
            r"pypi" + r"\.org",
            "python" + "hosted",
            "registry" + r"\.npmjs",
            r"deb\.debian" + r"\.org",
            r"repo1?\.maven" + r"\.",
            r"proxy\.golang" + r"\.",
            "/work" + "/",
            "/ro" + "ot/",
            "/home/" + r"[a-z]+/",
        )
    )
)


def _requirements(project: str) -> list[str]:
    text = (ROOT / project / "pyproject.toml").read_text()
    return list(tomllib.loads(text)["project"]["dependencies"])


def _development_requirements() -> list[str]:
    text = (ROOT / "pyproject.toml").read_text()
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    return [*extras["dev"], *extras["audit"]]


def _all_pins() -> dict[str, set[str]]:
    """What a developer may install: the workspace's packages, Node.js as a wheel, the tool of bin/audit."""
    pins: dict[str, set[str]] = {}
    for lock in LOCKS:
        for name, versions in _pins(ROOT / lock).items():
            pins.setdefault(name, set()).update(versions)
    return pins


def _name(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match, requirement
    return match.group().lower().replace("_", "-")


def _pins(path: Path) -> dict[str, set[str]]:
    pins: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9._-]+)==([^\s;]+)", path.read_text(), re.MULTILINE):
        pins.setdefault(name, set()).add(version)
    return pins


def _outside(requirements: list[str]) -> list[str]:
    return [requirement for requirement in requirements if not _name(requirement).startswith("sangkien")]


@pytest.mark.parametrize("project", PROJECTS)
def test_each_dependency_has_a_range_in_its_project(project: str) -> None:
    loose = [
        requirement
        for requirement in _outside(_requirements(project))
        if "<" not in requirement and "==" not in requirement and "~=" not in requirement
    ]

    assert not loose, f"{project}: give an upper bound to {loose}"


def test_each_dependency_is_pinned_exactly_with_a_hash() -> None:
    pins = _all_pins()
    wanted = {_name(r) for project in PROJECTS for r in _outside(_requirements(project))}
    wanted |= {_name(r) for r in _development_requirements()}

    missing = {re.sub(r"\[.*", "", name) for name in wanted} - set(pins)

    assert not missing, f"run bin/lock: {missing}"
    for lock in LOCKS:
        blocks = re.split(r"^(?=[a-z0-9._-]+==)", (ROOT / lock).read_text(), flags=re.MULTILINE)
        assert [block for block in blocks[1:] if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_installs_the_versions_that_were_tested(image: str) -> None:
    tested = _pins(ROOT / "constraints.txt")
    shipped = _pins(ROOT / image / "requirements.txt")

    assert shipped
    differing = {
        name: versions for name, versions in shipped.items() if not versions <= tested.get(name, set())
    }
    assert not differing, f"run bin/lock: {differing}"
    assert {_name(r) for r in _outside(_requirements(image))} <= set(shipped)


def test_each_direct_dependency_has_its_licence_on_record() -> None:
    page = (ROOT / "docs/reference/dependencies.md").read_text()
    rows = {match.lower() for match in re.findall(r"^\| `?([A-Za-z0-9._-]+)`? \|", page, re.MULTILINE)}
    wanted = {_name(r) for project in PROJECTS for r in _outside(_requirements(project))}
    wanted |= {re.sub(r"\[.*", "", _name(r)) for r in _development_requirements()}

    assert wanted - rows == set(), "add a row with licence and purpose to docs/reference/dependencies.md"


def _licences() -> dict[str, str]:
    page = (ROOT / "docs/reference/dependencies.md").read_text()
    return dict(re.findall(r"^\| `([a-z0-9@/._-]+)` \| ([^|]+?) \|", page, re.MULTILINE))


def _portal_packages() -> set[str]:
    package = json.loads((ROOT / "web/package.json").read_text())
    return {*package["dependencies"], *package["devDependencies"]}


def test_every_pinned_package_has_its_licence_on_record() -> None:
    licences = _licences()
    pinned = {*_all_pins(), *_portal_packages()}

    assert pinned - set(licences) == set(), "add a row to docs/reference/dependencies.md"
    assert set(licences) - pinned == set(), "no longer pinned: take the row away"


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_ships_nothing_under_a_licence_that_binds_its_users(image: str) -> None:
    # LGPL: a library that is installed as it is and can be replaced.
    permissive = ("MIT", "BSD", "Apache-2.0", "MPL-2.0", "PSF-2.0", "ISC", "0BSD", "LGPL-2.1-or-later")
    licences = _licences()

    binding = {
        name: licences[name]
        for name in _pins(ROOT / image / "requirements.txt")
        if not all(
            part.strip("() ").startswith(permissive) for part in re.split(r" (?:AND|OR) ", licences[name])
        )
    }

    assert binding == {}


def test_no_file_names_a_package_index_or_a_path_of_one_machine() -> None:
    hits = [f"{name}: {match.group()}" for name, text in texts() for match in FORBIDDEN_TEXT.finditer(text)]

    assert not hits, hits[:10]
