"""The problem catalogue of stats: every refusal says in two languages what to do."""

from __future__ import annotations

import pytest

from chassis.problems import FieldError, document
from stats.application import errors
from stats.entrypoints.http.problems import (
    DAYS_REVERSED,
    FUTURE_DAY,
    PROBLEMS,
    problem_of,
    too_many_days,
)

VIETNAMESE = set("ăâđêôơưàáạảãèéẹẻẽìíịỉĩòóọỏõùúụủũỳýỵỷỹấầẩẫậắằẳẵặếềểễệốồổỗộớờởỡợứừửữự")

ERRORS: list[tuple[Exception, str, int]] = [
    (errors.UnknownUnitError("X"), "unit-not-found", 404),
    (errors.UnknownCampaignError("x"), "campaign-not-found", 404),
    (errors.TargetChangedError(), "version-conflict", 412),
    (errors.NotLoadedError(), "unavailable", 503),
    (errors.NotMigratedError(), "unavailable", 503),
    (errors.RebuildRunningError(), "unavailable", 503),
    (errors.TooSlowError(), "unavailable", 503),
]


@pytest.mark.parametrize(("error", "code", "status"), ERRORS)
def test_an_error_of_a_use_case_has_its_problem(error: Exception, code: str, status: int) -> None:
    found = problem_of(error)

    assert found is not None
    assert (found.type.code, found.type.status) == (code, status)


def test_an_unknown_error_is_left_to_the_chassis() -> None:
    assert problem_of(RuntimeError()) is None
    # Only the rebuild itself can lose its lease; no request meets that.
    assert problem_of(errors.RebuildLostError()) is None


def test_every_error_that_a_request_can_meet_is_listed() -> None:
    known = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)}

    assert {type(error) for error, _, _ in ERRORS} == known - {errors.RebuildLostError}


@pytest.mark.parametrize("error", [error for error, code, _ in ERRORS if code.endswith("not-found")])
def test_a_problem_speaks_both_languages_and_names_what_was_asked_for(error: Exception) -> None:
    problem = problem_of(error)
    assert problem is not None

    vi = document(problem, "vi", instance="/v1/units", trace_id="0")
    en = document(problem, "en", instance="/v1/units", trace_id="0")

    assert VIETNAMESE & set(vi["detail"])
    assert not VIETNAMESE & set(en["detail"])
    assert str(error) in vi["detail"]
    assert str(error) in en["detail"]


def test_the_catalogue_has_what_stats_adds_to_the_common_problems() -> None:
    assert set(PROBLEMS) == {"unit-not-found", "campaign-not-found"}


@pytest.mark.parametrize("error", [FUTURE_DAY, DAYS_REVERSED, too_many_days(800)])
def test_a_field_error_speaks_both_languages(error: FieldError) -> None:
    assert error.pointer.startswith("?")
    assert VIETNAMESE & set(error.vi)
    assert not VIETNAMESE & set(error.en)
