from __future__ import annotations

from pathlib import Path

import pytest

from embedded import apache_kafka
from embedded.apache_kafka import UnavailableError, fetch_jars, format_storage, require_java, write_properties


def _program(directory: Path, name: str, script: str) -> None:
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are found."""
    directory = tmp_path / "programs"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    return directory


def test_without_java_the_message_says_what_to_install(programs: Path) -> None:
    with pytest.raises(UnavailableError, match="install a Java 17"):
        require_java()


def test_without_jars_and_maven_the_message_says_what_to_install(programs: Path, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="install Maven"):
        fetch_jars(tmp_path / "jars")


def test_a_fetch_that_fails_says_why_and_leaves_no_half_filled_folder(programs: Path, tmp_path: Path) -> None:
    _program(programs, "mvn", "echo '[ERROR] no such artifact'; exit 1")

    with pytest.raises(UnavailableError, match="no such artifact"):
        fetch_jars(tmp_path / "cache" / "jars")

    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["fetch.lock"]


def test_jars_are_fetched_once(programs: Path, tmp_path: Path) -> None:
    _program(programs, "mvn", "for last; do :; done; echo jar > ${last#-DoutputDirectory=}/kafka.jar")
    jars = tmp_path / "jars"

    fetch_jars(jars)
    _program(programs, "mvn", "exit 1")
    fetch_jars(jars)

    assert (jars / "kafka.jar").exists()


def test_the_rest_of_an_interrupted_fetch_is_replaced(programs: Path, tmp_path: Path) -> None:
    _program(programs, "mvn", "for last; do :; done; echo jar > ${last#-DoutputDirectory=}/whole.jar")
    jars = tmp_path / "jars"
    jars.mkdir()
    (jars / "half.jar").touch()

    fetch_jars(jars)

    assert sorted(path.name for path in jars.iterdir()) == ["complete", "whole.jar"]


def test_given_settings_win_over_the_defaults(tmp_path: Path) -> None:
    path = write_properties(
        tmp_path, "127.0.0.1:1", "host:2", ["127.0.0.1:3"], {"auto.create.topics.enable": "true"}
    )

    written = dict(line.split("=", 1) for line in path.read_text().splitlines())
    assert written["auto.create.topics.enable"] == "true"
    assert written["listeners"] == "PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:3"
    assert written["advertised.listeners"] == "PLAINTEXT://host:2"


def test_the_command_ends_with_a_sentence_when_kafka_cannot_run(programs: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="cannot run here: java is not on PATH"):
        apache_kafka.main(["--data", str(tmp_path)])


def test_the_id_of_a_cluster_may_begin_with_a_hyphen(programs: Path, tmp_path: Path) -> None:
    # Every 64th random one does.
    _program(programs, "java", f'printf "%s\\n" "$@" >{tmp_path}/arguments')

    format_storage(tmp_path, tmp_path / "server.properties", tmp_path / "jars", 64, "-AEBAQEBAQEBAQEBAQEBAQ")

    assert "--cluster-id=-AEBAQEBAQEBAQEBAQEBAQ" in (tmp_path / "arguments").read_text().splitlines()
