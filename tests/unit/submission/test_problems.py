"""Every refusal has words in both languages that say what to do."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

import submission
from chassis.problems import COMMON, document
from submission.domain.campaigns import CampaignClosed, CampaignNotOpen
from submission.domain.completeness import Finding, Incomplete
from submission.domain.states import Act, NotAllowedInState, State
from submission.domain.tree import ChildrenOutlast, SuperiorDecides, UnitHasChildren, UnitRefused
from submission.entrypoints.http.problems import ACTS, FINDINGS, PROBLEMS, STATES, field_error, problem_of
from tests.support.submission_service import tree
from tests.unit.submission.test_campaigns import _campaign

SOURCES = Path(submission.__file__).parent


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_a_problem_type_says_the_same_in_both_languages(code: str) -> None:
    type_ = PROBLEMS[code]
    common = {"moment"}

    assert code not in COMMON
    assert 400 <= type_.status < 500
    assert type_.title_vi != type_.title_en
    assert _fields(type_.detail_vi) & common == _fields(type_.detail_en) & common


@pytest.mark.parametrize("code", sorted(FINDINGS))
def test_a_finding_has_words_with_the_same_parameters_in_both_languages(code: str) -> None:
    vi, en = FINDINGS[code]

    assert vi
    assert en
    assert vi != en
    assert _fields(vi) == _fields(en)


def test_every_code_that_the_sources_use_has_words_and_no_words_are_unused() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py"))
    used = set(re.findall(r'Finding\(\s*(?:f?"[^"]*"|[a-z]+), "([a-z-]+)"', text))
    used |= set(re.findall(r'_outside\("[^"]*", "([a-z-]+)"', text))
    used |= {"required"}

    assert used == set(FINDINGS)


def test_every_state_and_act_has_words() -> None:
    assert set(STATES) == set(State)
    assert set(ACTS) == set(Act)


def test_parameters_come_into_the_words() -> None:
    error = field_error(Finding("#/authors", "shares-sum", {"sum": "99.99"}))

    assert "99.99" in error.vi
    assert "99.99" in error.en


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Incomplete([Finding("#/title", "required")]), 422, "validation-failed"),
        (CampaignClosed(_campaign()), 409, "campaign-closed"),
        (CampaignNotOpen(_campaign()), 409, "campaign-not-open"),
        (NotAllowedInState(Act.SUBMIT, State.WITHDRAWN), 409, "not-allowed-in-state"),
        (SuperiorDecides("CT-HOA-CHAT"), 403, "superior-unit-decides"),
        (UnitHasChildren(), 409, "unit-has-children"),
        (ChildrenOutlast(tree()), 409, "unit-children-outlast"),
        (UnitRefused(Finding("#/parent", "second-root")), 422, "validation-failed"),
    ],
)
def test_each_domain_error_is_one_problem_with_complete_words(
    error: Exception, status: int, code: str
) -> None:
    problem = problem_of(error)

    assert problem is not None
    assert (problem.type.status, problem.type.code) == (status, code)
    for language in ("vi", "en"):
        body = document(problem, language, instance="/", trace_id="")
        assert "{" not in body["detail"]


def test_at_most_five_subordinate_units_are_named() -> None:
    problem = problem_of(ChildrenOutlast(tree()))
    assert problem is not None

    body = document(problem, "vi", instance="/", trace_id="")

    assert "8 đơn vị" in body["detail"]
    assert body["detail"].count("(") == 5
    assert "HC-PIN-HA-NOI" in body["detail"]
    assert "LD-HA-NOI" not in body["detail"]


def test_a_closed_campaign_names_its_closing_time_in_vietnamese_time() -> None:
    problem = problem_of(CampaignClosed(_campaign()))
    assert problem is not None

    body = document(problem, "vi", instance="/", trace_id="")

    assert "00:00 01/06/2022" in body["detail"]


def test_any_other_error_is_not_ours() -> None:
    assert problem_of(ValueError()) is None
