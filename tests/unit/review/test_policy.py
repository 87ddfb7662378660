"""Policy packs: which one is in force, and what a case freezes of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from review.domain.policy import (
    Ladder,
    Level,
    LevelRule,
    NoPolicyError,
    PolicyPack,
    PolicyShelf,
    RejectReason,
)
from tests.support.review_cases import PATH, RULES, Submission, opened, received

PROGRAMME = "1-trieu-sang-kien"


def pack(id: str = "p", **changes: Any) -> PolicyPack:
    values: dict[str, Any] = {
        "id": id,
        "version": 1,
        "programme": None,
        "unit": None,
        "valid_from": date(2022, 1, 1),
        "valid_to": None,
        "ladders": (Ladder(1, (LevelRule("reviewer", 0, 5),)),),
        "after_revision_at_least": 3,
        "reject_reasons": (RejectReason("not-new", "Không mới", "Not new"),),
        **changes,
    }
    return PolicyPack(**values)


def in_force(*packs: PolicyPack, day: date = date(2022, 6, 1)) -> str:
    return PolicyShelf(packs).in_force(PROGRAMME, PATH, day).id


def test_the_default_asks_the_own_support_group_and_then_the_unit_above() -> None:
    case = opened()

    assert case.policy.levels == (
        Level("support", "HC-APATIT-VIET-NAM", 10),
        Level("reviewer", "CT-HOA-CHAT", 20),
    )


def test_a_unit_without_a_parent_has_one_level() -> None:
    case = opened(Submission(path=("TLD",)))

    assert case.policy.levels == (Level("reviewer", "TLD", 20),)


def test_the_pack_of_the_lowest_unit_on_the_path_wins() -> None:
    chosen = in_force(
        pack("everywhere"),
        pack("sector", unit="CD-CONG-THUONG"),
        pack("company", unit="CT-HOA-CHAT"),
        pack("elsewhere", unit="LD-HA-NOI"),
    )

    assert chosen == "company"


def test_the_pack_of_the_programme_wins_over_one_for_all_programmes() -> None:
    own = pack("own", programme=PROGRAMME, valid_from=date(2022, 1, 1))
    assert in_force(pack("all", valid_from=date(2022, 2, 1)), own) == "own"
    assert in_force(pack("all"), pack("another", programme="75k")) == "all"


@pytest.mark.parametrize(
    ("day", "expected"),
    [(date(2022, 5, 31), "old"), (date(2022, 6, 1), "new"), (date(2022, 1, 1), "old")],
)
def test_the_day_of_the_first_submission_chooses_the_pack(day: date, expected: str) -> None:
    old = pack("old", valid_to=date(2022, 5, 31))
    new = pack("new", valid_from=date(2022, 6, 1))

    assert in_force(old, new, day=day) == expected


def test_no_pack_in_force_is_an_error_that_names_programme_unit_and_day() -> None:
    with pytest.raises(NoPolicyError, match="1-trieu-sang-kien at HC-APATIT-VIET-NAM on 2021-12-31"):
        in_force(pack(), day=date(2021, 12, 31))


def test_a_case_keeps_its_levels_when_it_is_resubmitted_under_a_newer_pack() -> None:
    case = opened()

    later = received(case, Submission().submit(2, level=1))

    assert later.policy == case.policy


def test_the_words_of_the_reasons_are_found_by_the_frozen_pack() -> None:
    case = opened()

    reasons = RULES.policies.reject_reasons(case.policy)

    assert tuple(reason.code for reason in reasons) == case.policy.reject_reasons
    assert all(reason.vi and reason.en for reason in reasons)


def test_a_pack_that_is_gone_leaves_the_codes_without_words() -> None:
    assert PolicyShelf([]).reject_reasons(opened().policy) == ()
