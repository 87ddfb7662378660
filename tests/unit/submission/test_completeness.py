"""Everything that keeps a content from being submitted is reported at once, each with its place."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submission.adapters.benefit_limits import benefit_limits
from submission.domain.campaigns import Campaign, CampaignFacts
from submission.domain.completeness import BenefitLimits, Circumstances, findings
from submission.domain.content import Author, Benefit, Content, Declarations, Recognition, SolutionType
from union.units import Unit, UnitFacts, UnitLevel

TODAY = date(2022, 5, 30)
UNIT = Unit(
    "U",
    ("TLD", "U"),
    UnitFacts("Đơn vị", None, "TLD", UnitLevel.GRASSROOTS, None, None, date(2022, 1, 1), date(2022, 12, 31)),
    1,
)
CAMPAIGN = Campaign(
    "phase-1",
    CampaignFacts(
        "p",
        "Giai đoạn 1",
        "Phase 1",
        datetime(2022, 1, 7, 17, tzinfo=UTC),
        datetime(2022, 5, 31, 17, tzinfo=UTC),
        date(2021, 9, 1),
        date(2023, 9, 1),
    ),
    1,
)
LIMITS = BenefitLimits(10**9, 10**12)
AROUND = Circumstances(UNIT, CAMPAIGN, frozenset({"co-khi"}), TODAY, LIMITS)
LEAD = Author("m-lead000001", None, 60_00, lead=True)
OTHER = Author(None, "Người ngoài", 40_00, lead=False)
COMPLETE = Content(
    unit="U",
    title="Cải tiến gầu xúc",
    solution_type=SolutionType.TECHNICAL,
    field="co-khi",
    campaign="phase-1",
    authors=(LEAD, OTHER),
    problem="Rơi vãi",
    solution="Hàn thêm thành chắn",
    novelty="Lần đầu",
    applicability="Mọi máy xúc",
    first_applied_on=date(2022, 3, 1),
    benefit=Benefit(185_000_000, "Khối lượng nhân đơn giá", None),
    declarations=Declarations(True, True, True),
)


def _found(content: Content, around: Circumstances = AROUND) -> set[tuple[str, str]]:
    return {(finding.pointer, finding.code) for finding in findings(content, around)}


def test_a_complete_content_has_no_finding() -> None:
    assert findings(COMPLETE, AROUND) == []


def test_an_empty_content_is_told_everything_at_once() -> None:
    around = replace(AROUND, unit=None, campaign=None)

    assert _found(Content(unit="?"), around) == {
        ("#/title", "required"),
        ("#/solution_type", "required"),
        ("#/field", "required"),
        ("#/unit", "unknown-unit"),
        ("#/campaign", "required"),
        ("#/authors", "required"),
        ("#/problem", "required"),
        ("#/solution", "required"),
        ("#/novelty", "required"),
        ("#/applicability", "required"),
        ("#/first_applied_on", "required"),
        ("#/benefit", "required"),
        ("#/declarations/not_recognised_elsewhere", "must-declare"),
        ("#/declarations/lawful", "must-declare"),
        ("#/declarations/no_ip_conflict", "must-declare"),
    }


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"title": "Ngắn quá"}, "#/title", "too-short"),
        ({"field": "khong-co"}, "#/field", "unknown-field"),
        ({"authors": (LEAD, replace(OTHER, share=39_99))}, "#/authors", "shares-sum"),
        ({"authors": (LEAD, replace(OTHER, lead=True))}, "#/authors", "one-lead"),
        ({"authors": (replace(LEAD, lead=False), OTHER)}, "#/authors", "one-lead"),
        ({"authors": (replace(LEAD, external_name="Cả hai"), OTHER)}, "#/authors/0", "author-identity"),
        ({"authors": (LEAD, replace(OTHER, external_name=None))}, "#/authors/1", "author-identity"),
        (
            {"authors": (LEAD, replace(LEAD, share=40_00, lead=False))},
            "#/authors/1/member_id",
            "duplicate-author",
        ),
        ({"authors": (replace(LEAD, share=None), OTHER)}, "#/authors/0/share", "required"),
        (
            {"authors": (replace(LEAD, share=100_00), replace(OTHER, share=0))},
            "#/authors/1/share",
            "share-zero",
        ),
        ({"on_behalf_of": "m-nobody0001"}, "#/on_behalf_of", "not-an-author"),
        ({"first_applied_on": date(2022, 5, 31)}, "#/first_applied_on", "future-day"),
        ({"first_applied_on": date(2021, 8, 31)}, "#/first_applied_on", "not-eligible"),
        ({"benefit": Benefit(None, None, None)}, "#/benefit/social", "benefit-unexplained"),
        ({"benefit": Benefit(0, None, "Tốt")}, "#/benefit/method", "benefit-method"),
        ({"benefit": Benefit(10**9, "Đếm", None)}, "#/benefit/confirmed", "benefit-unconfirmed"),
        (
            {"benefit": Benefit(10**12 + 1, "Đếm", None, confirmed=True)},
            "#/benefit/declared_vnd",
            "benefit-without-evidence",
        ),
        ({"declarations": Declarations(True, False, True)}, "#/declarations/lawful", "must-declare"),
        ({"problem": ""}, "#/problem", "required"),
    ],
)
def test_one_fault_is_one_finding(change: dict[str, Any], pointer: str, code: str) -> None:
    assert _found(replace(COMPLETE, **change)) == {(pointer, code)}


def test_a_recognition_that_is_begun_must_be_complete_and_in_the_past() -> None:
    begun = replace(COMPLETE, recognition=Recognition(None, date(2022, 6, 1), "Sở", None))

    assert _found(begun) == {
        ("#/recognition/decision_no", "required"),
        ("#/recognition/level", "required"),
        ("#/recognition/decided_on", "future-day"),
    }


def test_a_benefit_that_cannot_be_quantified_needs_its_social_effect() -> None:
    assert _found(replace(COMPLETE, benefit=Benefit(None, None, "Giảm tai nạn"))) == set()


EVIDENCE = Recognition("12/QĐ-ĐL", date(2022, 4, 1), "Công ty", "Cơ sở")


@given(st.integers(0, 10**15), st.booleans(), st.sampled_from([None, EVIDENCE]))
def test_an_amount_is_asked_about_exactly_from_the_limits_of_the_programme_on(
    amount: int, confirmed: bool, recognition: Recognition | None
) -> None:
    benefit = Benefit(amount, "Đếm", None, confirmed)

    found = _found(replace(COMPLETE, benefit=benefit, recognition=recognition))

    codes = {code for _, code in found}
    assert ("benefit-unconfirmed" in codes) == (amount >= 10**9 and not confirmed)
    assert ("benefit-without-evidence" in codes) == (amount > 10**12 and recognition is None)
    assert codes <= {"benefit-unconfirmed", "benefit-without-evidence"}


@pytest.mark.parametrize("name", ["decision_no", "decided_on", "issuer", "level"])
def test_a_decision_of_recognition_is_evidence_only_when_it_is_complete(name: str) -> None:
    partly = replace(EVIDENCE, **{name: None})
    benefit = Benefit(10**13, "Đếm", None, confirmed=True)

    found = _found(replace(COMPLETE, benefit=benefit, recognition=partly))

    assert found == {
        ("#/benefit/declared_vnd", "benefit-without-evidence"),
        (f"#/recognition/{name}", "required"),
    }


def test_the_limits_are_data_of_the_programme() -> None:
    assert benefit_limits() == LIMITS


def test_the_last_day_of_a_unit_is_still_a_day_of_it() -> None:
    assert _found(COMPLETE, replace(AROUND, today=date(2022, 12, 31))) == set()
    assert _found(COMPLETE, replace(AROUND, today=date(2023, 1, 1))) == {("#/unit", "unit-ended")}


def test_an_unknown_campaign_is_named() -> None:
    assert _found(COMPLETE, replace(AROUND, campaign=None)) == {("#/campaign", "unknown-campaign")}


@given(st.lists(st.integers(1, 9_999), min_size=1, max_size=12))
def test_shares_are_accepted_only_when_they_make_exactly_one_hundred(values: list[int]) -> None:
    authors = tuple(
        Author(None, f"Người {number}", value, lead=number == 0) for number, value in enumerate(values)
    )
    found = _found(replace(COMPLETE, authors=authors))

    assert (("#/authors", "shares-sum") in found) == (sum(values) != 100_00)
