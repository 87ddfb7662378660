"""The images, built for real and run as docker-compose.yml runs them, with neither database nor broker."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable

import pytest

from chassis.roles import EXIT_CONFIGURATION
from chassis.settings import variables
from tests.support.docker_engine import Container, described, docker
from tests.support.images import (
    RECIPES,
    SERVICES,
    BuiltImages,
    compose,
    environment,
    grace_seconds,
    restrictions,
)
from tests.support.repository import ROOT

MIB = 1024 * 1024
# What an image may add to its base; a dependency that doubles an image should not come in unseen.
MOST_ADDED_MIB = {**dict.fromkeys(SERVICES, 70), "sangkienctl": 90, "gateway": 2}
PARTS = [f"{service}-{role}" for service in SERVICES for role in ("api", "worker")]
# By what Docker's engine says of a process that did not stop by itself.
ENDED_BY_ITSELF = (0, 143)
INSTALLED = "import json, importlib.metadata as m; print(json.dumps([d.name for d in m.distributions()]))"

Figure = Callable[[str, object], None]

every_image = pytest.mark.parametrize("name", RECIPES)
every_service = pytest.mark.parametrize("service", SERVICES)


def inside(image: str, entrypoint: str, *arguments: str) -> str:
    """What a command prints in an image, locked in as far as every part of compose is."""
    options = restrictions("submission-api")
    return docker("run", "--rm", *options, "--entrypoint", entrypoint, image, *arguments).stdout


@every_image
def test_an_image_runs_as_a_user_with_a_number_who_is_not_root(images: BuiltImages, name: str) -> None:
    image = images[name].tag

    user = described("image", image)["Config"]["User"]

    # By a name alone, Kubernetes cannot know that it is not root.
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert f"{inside(image, 'id', '-u')}:{inside(image, 'id', '-g')}".replace("\n", "") == user


@every_image
def test_an_image_adds_little_to_what_it_stands_on(
    images: BuiltImages, name: str, record_property: Figure
) -> None:
    added = images[name].added_bytes / MIB

    record_property("figure", f"image {name}: {added:.1f} MiB over {images[name].base}")
    assert added <= MOST_ADDED_MIB[name]


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "gateway"])
def test_a_python_image_holds_its_own_code_and_what_its_lock_lists(images: BuiltImages, name: str) -> None:
    locked = (ROOT / RECIPES[name]).with_name("requirements.txt").read_text()
    outside = set(re.findall(r"^([a-z0-9._-]+)==", locked, re.MULTILINE))
    own = {"sangkien-contracts", "sangkien-chassis"}
    own |= {"sangkien-ctl" if name == "sangkienctl" else f"sangkien-{name}"}

    installed = {
        re.sub(r"[-_.]+", "-", package).lower()
        for package in json.loads(inside(images[name].tag, "python", "-c", INSTALLED))
    }

    assert {package for package in installed if package.startswith("sangkien")} == own
    assert installed - own <= outside


@every_image
def test_an_image_has_no_file_but_what_it_serves_with(images: BuiltImages, name: str) -> None:
    places = {"gateway": r"/srv/(portal|site|contracts|problems)/|/etc/caddy/Caddyfile$"}
    places |= {"sangkienctl": r"/opt/venv/|/opt/sample/"}
    # Adding the user leaves a copy and a lock of each list of users.
    lists_of_users = r"/etc/(group|gshadow|passwd|shadow|subgid|subuid)-$|/etc/\.pwd\.lock$|/var/log/"
    expected = re.compile(f"{places.get(name, '/opt/venv/')}|{lists_of_users}")

    added = images[name].added_files

    assert added
    assert not [file for file in added if not expected.match(file)]
    strangers = r"/\.git/|/node_modules/|/tests/support/|\.map$|/\.vite/"
    assert not [file for file in added if re.search(strangers, file)]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_a_service_is_healthy_on_a_read_only_disk_and_stops_when_told(
    images: BuiltImages, part: str, record_property: Figure
) -> None:
    service, role = part.split("-")
    options, settings = restrictions(part), environment(part)
    with Container(images[service].tag, role, options=options, environment=settings) as container:
        container.wait_healthy(compose()[part]["healthcheck"]["test"])

        # Health is not what a missing disk would show: nothing may be written but below /tmp.
        assert container.run("python", "-c", "open('/opt/venv/mark', 'w')").returncode != 0
        code, seconds = container.stop(grace_seconds(part))

        record_property("figure", f"{part}: stopped in {seconds:.1f} s with exit code {code}")
        assert code in ENDED_BY_ITSELF, container.output()


@every_service
def test_a_service_names_every_setting_that_is_missing(images: BuiltImages, service: str) -> None:
    declared = variables(importlib.import_module(f"{service}.config").Settings).values()
    required = {variable.name for variable in declared if variable.required}

    checked = docker("run", "--rm", images[service].tag, "check-config", check=False)

    assert checked.returncode == EXIT_CONFIGURATION
    assert required
    assert set(re.findall(r"^  ([A-Z_]+) is not set; ", checked.stderr, re.MULTILINE)) == required


@every_service
def test_compose_gives_a_service_every_setting_that_it_needs(images: BuiltImages, service: str) -> None:
    given = [f"--env={name}={value}" for name, value in environment(f"{service}-api").items()]

    checked = docker("run", "--rm", *given, images[service].tag, "check-config", check=False)

    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_gateway_serves_the_portal_under_its_policy_and_stops_when_told(
    images: BuiltImages, record_property: Figure
) -> None:
    options, settings = restrictions("gateway"), environment("gateway")
    with Container(images["gateway"].tag, options=options, environment=settings) as container:
        container.wait_healthy(compose()["gateway"]["healthcheck"]["test"])

        asked = {path: _fetched(container, path) for path in ("/", "/problems/not-found", "/contracts/")}
        code, seconds = container.stop(grace_seconds("gateway"))

        record_property("figure", f"gateway: stopped in {seconds:.1f} s with exit code {code}")
        assert code in ENDED_BY_ITSELF, container.output()
    for path, answer in asked.items():
        assert "Content-Security-Policy: default-src 'none'; " in answer, path
    assert '<div id="portal">' in asked["/"]


def _fetched(container: Container, path: str) -> str:
    """The headers and the body of an answer."""
    answer = container.run("wget", "-q", "-S", "-O", "-", f"http://127.0.0.1:8080{path}")
    return answer.stderr + answer.stdout


def test_the_operators_command_has_the_sample_and_says_plainly_what_does_not_answer(
    images: BuiltImages,
) -> None:
    image, options = images["sangkienctl"].tag, restrictions("topics")

    help_text = docker("run", "--rm", *options, image).stdout
    nobody = docker(
        "run", "--rm", *options, "--env=KAFKA_BOOTSTRAP=127.0.0.1:1", image, "topics", "apply", check=False
    )

    assert {"seed", "topics", "lag", "dlq"} <= set(help_text.split())
    assert inside(image, "test", "-s", "/opt/sample/units.csv") == ""
    assert nobody.returncode not in (0, 137)
    assert "127.0.0.1:1" in nobody.stderr
    assert "Traceback" not in nobody.stderr
