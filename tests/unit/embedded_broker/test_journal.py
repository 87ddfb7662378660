from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from embedded.broker.log.flush import Flusher, FsyncPolicy
from embedded.broker.metadata import journal as journals
from embedded.broker.metadata.journal import Fact, Journal, JournalCorruptError
from embedded.broker.protocol.errors import BrokerError


class Numbers:
    """A section that keeps the last value of each name."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}

    def restore(self, fact: Fact) -> None:
        name, value = fact
        self.values[name] = value

    def facts(self) -> Iterator[Fact]:
        yield from ([name, value] for name, value in self.values.items())


def _open(directory: Path) -> tuple[Journal, Numbers]:
    journal, numbers = Journal(directory / "journal", Flusher(FsyncPolicy.NEVER)), Numbers()
    journal.open({"numbers": numbers})
    return journal, numbers


def _record(journal: Journal, numbers: Numbers, name: str, value: int) -> None:
    numbers.values[name] = value
    journal.record("numbers", [name, value])


def test_what_was_recorded_is_there_after_a_start(tmp_path: Path) -> None:
    journal, numbers = _open(tmp_path)
    _record(journal, numbers, "a", 1)
    _record(journal, numbers, "a", 2)
    journal.close()

    again, numbers = _open(tmp_path)

    assert numbers.values == {"a": 2}
    again.close()


@pytest.mark.parametrize("kept", range(1, 40, 7))
def test_a_fact_that_was_cut_short_is_dropped_and_those_before_it_stay(tmp_path: Path, kept: int) -> None:
    journal, numbers = _open(tmp_path)
    _record(journal, numbers, "a", 1)
    whole = (tmp_path / "journal").stat().st_size
    _record(journal, numbers, "b", 2)
    journal.close()
    content = (tmp_path / "journal").read_bytes()
    (tmp_path / "journal").write_bytes(content[: min(whole + kept, len(content) - 2)])

    again, numbers = _open(tmp_path)

    assert numbers.values == {"a": 1}
    again.close()


def test_damage_before_sound_facts_is_an_error(tmp_path: Path) -> None:
    journal, numbers = _open(tmp_path)
    for number in range(3):
        _record(journal, numbers, f"n{number}", number)
    journal.close()
    path = tmp_path / "journal"
    path.write_bytes(path.read_bytes().replace(b'"n1"', b'"x1"'))

    with pytest.raises(JournalCorruptError, match="line 2, is damaged"):
        _open(tmp_path)


def test_a_long_journal_is_rewritten_to_what_is_true_now(tmp_path: Path) -> None:
    with mock.patch.object(journals, "_REWRITE_BYTES", 1000):
        journal, numbers = _open(tmp_path)
        for value in range(200):
            _record(journal, numbers, "a", value)

        journal.tidy()

        assert len((tmp_path / "journal").read_bytes().splitlines()) == 1
        _record(journal, numbers, "b", 1)
        journal.close()
    again, numbers = _open(tmp_path)
    assert numbers.values == {"a": 199, "b": 1}
    again.close()


def test_a_short_journal_is_left_alone(tmp_path: Path) -> None:
    journal, numbers = _open(tmp_path)
    for value in range(10):
        _record(journal, numbers, "a", value)

    journal.tidy()

    assert len((tmp_path / "journal").read_bytes().splitlines()) == 10
    journal.close()


def test_a_fact_that_the_disk_refuses_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    journal, numbers = _open(tmp_path)
    _record(journal, numbers, "a", 1)

    with (
        mock.patch("os.write", side_effect=OSError("no space left")),
        pytest.raises(BrokerError, match="no space left"),
    ):
        journal.record("numbers", ["b", 2])

    journal.close()
    again, numbers = _open(tmp_path)
    assert numbers.values == {"a": 1}
    again.close()
