"""The problem catalogue of review: every refusal says in two languages what to do, and names nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chassis.problems import Problem, document
from review.application.permissions import DECIDING_ROLES
from review.domain.case import DECISIONS as DECIDING
from review.domain.decisions import ensure_current
from review.domain.errors import (
    AlreadyDecidedError,
    CaseClosedError,
    ConflictOfInterestError,
    FaultyDecision,
    FaultyDecisionError,
    OtherLevelDecidedError,
    ReviewError,
    StaleVersionError,
    UnknownCaseError,
    UnknownUnitError,
    WithAuthorError,
)
from review.domain.workflow import OPEN, State
from review.entrypoints.http.problems import DECISIONS, ENDINGS, FAULTS, PROBLEMS, ROLES, problem_of
from tests.support.review_cases import PATH, SUPPORTER, VALIDATE, decided, opened
from tests.support.unit_trees import unit
from union.units import Unit

VIETNAMESE = set("ăâđêôơưàáạảãèéẹẻẽìíịỉĩòóọỏõùúụủũỳýỵỷỹấầẩẫậắằẳẵặếềểễệốồổỗộớờởỡợứừửữự")

ERRORS: list[tuple[ReviewError, str, int]] = [
    (UnknownCaseError(), "case-not-found", 404),
    (UnknownUnitError("X"), "validation-failed", 422),
    (ConflictOfInterestError(), "conflict-of-interest", 403),
    (OtherLevelDecidedError(), "other-level-decided", 403),
    (CaseClosedError(State.WITHDRAWN, None), "case-closed", 409),
    (WithAuthorError(), "case-with-author", 409),
    (StaleVersionError(3), "version-conflict", 412),
    (FaultyDecisionError(tuple(FaultyDecision)), "validation-failed", 422),
]


class Names:
    """The copy of the union tree: one unit, or none."""

    def __init__(self, name_vi: str = "", name_en: str | None = None) -> None:
        named = unit(*PATH, name=name_vi)
        named = replace(named, facts=replace(named.facts, name_en=name_en))
        self._unit = named if name_vi else None

    def find(self, code: str) -> Unit | None:
        return self._unit if self._unit is not None and self._unit.code == code else None


def problem(error: Exception, names: Names) -> Problem:
    found = problem_of(error, names)
    assert found is not None
    return found


def already_decided() -> AlreadyDecidedError:
    seen = opened()
    with pytest.raises(AlreadyDecidedError) as caught:
        ensure_current(decided(seen, VALIDATE).case, seen.version, VALIDATE)
    return caught.value


def bodies(error: Exception, names: Names) -> tuple[str, str]:
    vi = document(problem(error, names), "vi", instance="/v1/cases", trace_id="0")
    en = document(problem(error, names), "en", instance="/v1/cases", trace_id="0")
    return str(vi), str(en)


@pytest.mark.parametrize(("error", "code", "status"), ERRORS)
def test_a_domain_error_has_its_problem(error: ReviewError, code: str, status: int) -> None:
    found = problem(error, Names())
    type_ = found.type

    assert (type_.code, type_.status) == (code, status)
    for language in ("vi", "en"):
        detail = document(found, language, instance="/v1/cases", trace_id="0")["detail"]
        assert "{" not in detail, "a template was left unfilled"


def test_every_domain_error_is_mapped() -> None:
    mapped = {type(error) for error, _, _ in ERRORS} | {AlreadyDecidedError}

    assert set(ReviewError.__subclasses__()) == mapped


def test_a_failure_that_is_no_refusal_is_left_to_the_chassis() -> None:
    assert problem_of(KeyError("x"), Names()) is None


@pytest.mark.parametrize(
    ("names", "unit_vi", "unit_en"),
    [
        (Names("Công đoàn Apatit", "Apatit union"), "Công đoàn Apatit", "Apatit union"),
        (Names("Công đoàn Apatit"), "Công đoàn Apatit", "Công đoàn Apatit"),
        (Names(), "HC-APATIT-VIET-NAM", "HC-APATIT-VIET-NAM"),
    ],
    ids=["both languages", "no English name", "not heard of yet"],
)
def test_the_slower_of_two_is_told_by_which_role_and_unit_and_not_by_whom(
    names: Names, unit_vi: str, unit_en: str
) -> None:
    vi, en = bodies(already_decided(), names)

    assert f"Tổ hỗ trợ sáng kiến của đơn vị {unit_vi} đã xét hợp lệ ở cấp 1" in vi
    assert f"support group of the unit {unit_en} has already decided at level 1: validated" in en
    assert SUPPORTER not in vi + en


@pytest.mark.parametrize("type_", PROBLEMS.values(), ids=list(PROBLEMS))
def test_each_problem_has_vietnamese_with_diacritics_and_english_without(type_: object) -> None:
    texts = vars(type_)

    assert VIETNAMESE & set(texts["title_vi"].lower())
    assert VIETNAMESE & set(texts["detail_vi"].lower())
    assert not VIETNAMESE & set((texts["title_en"] + texts["detail_en"]).lower())


def test_everything_that_may_be_named_has_words_in_both_languages() -> None:
    assert set(ROLES) == set(DECIDING_ROLES)
    assert set(DECISIONS) == set(DECIDING)
    assert set(ENDINGS) == set(State) - OPEN
    assert set(FAULTS) == set(FaultyDecision)
    assert all(fault.vi != fault.en and fault.pointer.startswith("#/") for fault in FAULTS.values())
