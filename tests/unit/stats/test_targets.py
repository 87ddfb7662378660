"""When a target counts as reached."""

from __future__ import annotations

from datetime import UTC, datetime

from stats.domain.targets import Place, Target

AT = datetime(2022, 6, 1, tzinfo=UTC)
UNSET = Target(Place("phase-1", "LD-A"), ("TLD", "LD-A"))


def set_to(target: int | None, before: Target = UNSET) -> Target:
    return before.set_to(target, ("TLD", "LD-A"), "m-0123456789", AT)


def test_a_target_is_met_by_as_many_or_more() -> None:
    target = set_to(10)

    assert target.met_by(9) is None
    assert target.met_by(10) == target.met_by(11)
    assert target.version == 1


def test_a_met_target_is_not_met_again() -> None:
    met = set_to(10).met_by(10)
    assert met is not None

    assert not met.open
    assert met.met_by(12) is None


def test_each_new_target_can_be_met_once() -> None:
    met = set_to(10).met_by(10)
    assert met is not None
    raised = set_to(20, met).met_by(20)
    assert raised is not None

    assert raised.reached == (10, 20)
    assert not set_to(10, raised).open


def test_a_target_taken_back_is_never_met() -> None:
    assert not set_to(None, set_to(10)).open
    assert set_to(None).met_by(10**6) is None
