"""What is written for the supervisor and what is remembered in the home folder."""

from __future__ import annotations

import configparser
import json
import os
import shlex
import stat
import tempfile
from itertools import pairwise
from pathlib import Path

import pytest

from sangkienctl.databases import DatabaseEngine
from sangkienctl.home import Home, PlatformError
from sangkienctl.ports import DEFAULT_PORTS, SERVICES, PortChoice, choose_ports, is_free
from sangkienctl.processes import Addresses, KafkaEngine, Probe, ProcessSpec, Stage, catalogue
from sangkienctl.supervision import configuration

SPECS = ("broker", "issuer", "mailbox", "gateway")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home with spaces")
    made.prepare()
    return made


def parsed(home: Home, *specs: ProcessSpec) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(configuration(home, specs))
    return parser


def test_every_process_gets_a_section_with_its_command_and_its_log(home: Home) -> None:
    specs = catalogue(home, Addresses(DEFAULT_PORTS), KafkaEngine.EMBEDDED, DatabaseEngine.PYTHON)

    config = parsed(home, *specs)

    for spec in specs:
        section = config[f"program:{spec.name}"]
        assert tuple(shlex.split(section["command"].replace("%%", "%"))) == spec.command
        assert section["stdout_logfile"].endswith(f"/{spec.name}.log")
        assert section["autostart"] == "false"
        assert section["autorestart"] == "true"


def test_a_per_cent_sign_is_escaped(home: Home) -> None:
    spec = ProcessSpec("one", Stage.APIS, ("run", "100%"), Probe(1), {"WORDS": "50% of it"})

    section = parsed(home, spec)["program:one"]

    assert section["command"] == "run 100%%"
    assert 'WORDS="50%% of it"' in section["environment"]


@pytest.mark.parametrize("value", ["line\nbreak", 'a "quote"', "back\\slash"])
def test_what_the_supervisor_cannot_hold_is_refused(home: Home, value: str) -> None:
    spec = ProcessSpec("one", Stage.APIS, ("run",), Probe(1), {"WORDS": value})

    with pytest.raises(PlatformError, match="supervisord"):
        configuration(home, [spec])


def test_the_catalogue_has_every_role_of_every_service_once() -> None:
    specs = catalogue(
        Home(Path("/tmp/x")), Addresses(DEFAULT_PORTS), KafkaEngine.EMBEDDED, DatabaseEngine.PYTHON
    )

    names = [spec.name for spec in specs]

    wanted = {f"{service}-{part}" for service in SERVICES for part in ("db", "api", "worker")}
    assert set(names) == {"broker", "issuer", "mailbox", "gateway"} | wanted
    assert len(names) == len(set(names))


def test_processes_are_listed_in_the_order_of_their_stages() -> None:
    specs = catalogue(
        Home(Path("/tmp/x")), Addresses(DEFAULT_PORTS), KafkaEngine.EMBEDDED, DatabaseEngine.PYTHON
    )

    assert all(before.stage <= after.stage for before, after in pairwise(specs))


def test_apache_kafka_takes_the_place_of_the_broker_with_data_of_its_own() -> None:
    home = Home(Path("/tmp/x"))
    engines = (KafkaEngine.EMBEDDED, KafkaEngine.APACHE)
    embedded, apache = (
        catalogue(home, Addresses(DEFAULT_PORTS), engine, DatabaseEngine.PYTHON)[0] for engine in engines
    )

    assert embedded.name == apache.name == "broker"
    assert "embedded.apache_kafka" in apache.command
    assert set(embedded.command) & set(apache.command) >= {"--listen", "--advertise", "--data"}
    assert str(home.data / "broker") not in apache.command


def test_a_cluster_has_three_nodes_that_every_process_knows() -> None:
    engine = KafkaEngine.APACHE_CLUSTER
    specs = catalogue(Home(Path("/tmp/x")), Addresses(engine.ports), engine, DatabaseEngine.PYTHON)

    brokers = {spec.name: spec for spec in specs if spec.name.startswith("broker")}
    worker = next(spec for spec in specs if spec.name == "stats-worker")

    assert set(brokers) == {"broker", "broker-2", "broker-3"}
    assert {spec.command[spec.command.index("--node-id") + 1] for spec in brokers.values()} == {"1", "2", "3"}
    assert len({spec.command[spec.command.index("--voters") + 1] for spec in brokers.values()}) == 1
    assert len({spec.command[spec.command.index("--data") + 1] for spec in brokers.values()}) == 3
    addresses = {f"127.0.0.1:{spec.probe.port}" for spec in brokers.values()}
    assert set(worker.environment["KAFKA_BOOTSTRAP"].split(",")) == addresses


def test_default_ports_are_all_different() -> None:
    ports = KafkaEngine.APACHE_CLUSTER.ports
    assert len(set(ports.values())) == len(ports)


def test_automatic_ports_are_free_and_kept() -> None:
    first = choose_ports(PortChoice.AUTO, {})

    assert first.keys() == DEFAULT_PORTS.keys()
    assert len(set(first.values())) == len(first)
    assert all(is_free(port) for port in first.values())
    assert choose_ports(PortChoice.AUTO, first) == first


def test_a_secret_is_made_once_and_readable_by_its_owner_only(home: Home) -> None:
    secret = home.secret("sangkienctl")

    assert home.secret("sangkienctl") == secret
    assert len(secret) >= 40
    assert (home.secrets / "sangkienctl").stat().st_mode & 0o077 == 0


def test_a_damaged_record_is_said_with_its_remedy(home: Home) -> None:
    home.record_file.write_text('{"ports": ')

    with pytest.raises(PlatformError, match=r"platform\.json is damaged.*delete it"):
        home.record()


def test_a_record_is_read_as_it_was_written(home: Home) -> None:
    assert home.record() == {}

    home.write_record({"state": "ready", "name": "Sáng Kiến"})

    assert home.record() == {"state": "ready", "name": "Sáng Kiến"}
    assert json.loads(home.record_file.read_text())["state"] == "ready"


def test_a_long_home_gets_a_short_socket_of_its_own(tmp_path: Path) -> None:
    one, other = (Home(tmp_path / (name * 100)) for name in ("a", "b"))

    assert len(str(one.supervisor_socket)) <= 100
    assert one.supervisor_socket != other.supervisor_socket


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, which every user of a machine may write to."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_a_socket_outside_the_home_is_in_a_folder_of_its_owner_alone(tmp_path: Path, temporary: Path) -> None:
    long = Home(tmp_path / ("a" * 100))

    folder = long.supervisor_socket.parent

    assert folder.parent == temporary
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert long.supervisor_socket.parent == folder


@pytest.mark.parametrize("trap", ["open to others", "link", "file"])
def test_a_folder_for_the_socket_that_another_user_could_have_made_is_refused(
    tmp_path: Path, temporary: Path, trap: str
) -> None:
    place = temporary / f"sangkien-{os.getuid()}"
    if trap == "link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        place.symlink_to(tmp_path / "elsewhere")
    elif trap == "file":
        place.touch()
    else:
        place.mkdir()
        place.chmod(0o770)

    with pytest.raises(PlatformError, match="remove it"):
        _ = Home(tmp_path / ("a" * 100)).supervisor_socket


def test_a_folder_for_the_socket_of_another_owner_is_refused(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = os.getuid()
    (temporary / f"sangkien-{mine + 1}").mkdir(mode=0o700)
    monkeypatch.setattr(os, "getuid", lambda: mine + 1)

    with pytest.raises(PlatformError, match="remove it"):
        _ = Home(tmp_path / ("a" * 100)).supervisor_socket
