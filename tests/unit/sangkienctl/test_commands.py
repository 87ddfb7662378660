"""The commands as an operator types them, without a platform."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from sangkienctl import screen
from sangkienctl.cli import main


def run(*arguments: str, home: Path) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["--home", str(home), *arguments])
    return done.exit_code, done.output


@pytest.mark.parametrize("command", ["status", "lag", "seed"])
def test_without_a_platform_one_line_says_what_to_do(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP", raising=False)

    code, output = run(command, home=tmp_path)

    said = output + capsys.readouterr().err
    assert code == 1
    assert "run `sangkienctl up`" in said
    assert "Traceback" not in said


def test_down_without_a_platform_is_no_error(tmp_path: Path) -> None:
    code, output = run("down", home=tmp_path)

    assert code == 0
    assert "Stopped" in output


def test_a_token_needs_a_user_or_a_role_and_not_both(tmp_path: Path) -> None:
    neither, _ = run("token", home=tmp_path)
    both, _ = run("token", "--user", "an", "--role", "admin", home=tmp_path)

    assert neither == both == 2


def test_the_log_of_one_process_is_shown_from_its_end(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "broker.log").write_text("".join(f"dòng {number}\n" for number in range(100)))
    (logs / "gateway.log").write_text("khác\n")

    code, output = run("logs", "broker", "-n", "2", home=tmp_path)

    assert code == 0
    assert output == "dòng 98\ndòng 99\n"


def test_all_logs_are_shown_with_the_name_of_the_process(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "broker.log").write_text("một\n")
    (logs / "gateway.log").write_text("hai\n")

    _, output = run("logs", home=tmp_path)

    assert [line.split() for line in output.splitlines()] == [["broker", "một"], ["gateway", "hai"]]


def test_an_unknown_log_names_those_that_are_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "broker.log").touch()

    code, output = run("logs", "brokr", home=tmp_path)

    assert code == 1
    assert "there are: broker" in output + capsys.readouterr().err


def test_reset_deletes_data_logs_secrets_and_the_record(tmp_path: Path) -> None:
    for name in ("data", "logs", "secrets", "apache-kafka"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()

    code, _ = run("reset", "--yes", home=tmp_path)

    assert code == 0
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["apache-kafka"]


def test_reset_asks_first(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()

    code, output = run("reset", home=tmp_path)

    assert code == 1
    assert "Delete all data" in output
    assert (tmp_path / "data").exists()


def test_following_shows_what_is_written_after_a_rotation(tmp_path: Path) -> None:
    log = tmp_path / "broker.log"
    log.write_text("đã có từ trước, và khá dài\n")
    lines = screen.follow([log], pause=lambda: log.write_text("mới\n"))

    assert next(lines) == ("broker", "mới")


def test_following_waits_for_a_line_to_be_complete(tmp_path: Path) -> None:
    log = tmp_path / "broker.log"
    log.touch()
    pieces = iter(["nửa ", "dòng\n"])

    def append() -> None:
        with log.open("a") as file:
            file.write(next(pieces))

    assert next(screen.follow([log], pause=append)) == ("broker", "nửa dòng")


def test_progress_without_a_terminal_is_one_line_per_step(capsys: pytest.CaptureFixture[str]) -> None:
    with screen.Steps(Console(force_terminal=False)) as steps:
        steps.plan(2)
        for name in ("broker", "gateway"):
            steps.begin(name)
            steps.done(name)

    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" (")[0] for line in lines] == ["[1/2] broker", "[2/2] gateway"]


def test_progress_over_many_is_said_at_its_tenths_and_at_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    with screen.counted(Console(force_terminal=False, width=200), "units", 1000) as bar:
        for _ in range(1000):
            bar.advance()

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 10
    assert lines[-1].startswith("units: 1000/1000 (")
