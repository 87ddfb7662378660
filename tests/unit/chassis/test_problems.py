"""Problem details in the language that the client prefers."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.problems import COMMON, FieldError, Language, Problem, ProblemType, document, preferred_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "vi"),
        ("", "vi"),
        ("en", "en"),
        ("en-US,en;q=0.9", "en"),
        ("EN", "en"),
        ("vi-VN,vi;q=0.9,en;q=0.8", "vi"),
        ("en;q=0.5, vi;q=0.4", "en"),
        ("en;q=0.4, vi;q=0.5", "vi"),
        ("fr, en;q=0.2", "en"),
        ("fr, de", "vi"),
        ("*", "vi"),
        ("en;q=0", "vi"),
        ("en;q=x", "vi"),
        ("en;q=7", "vi"),
        ("en;level=1", "en"),
        ("vi, en", "vi"),
        ("en, vi", "en"),
    ],
)
def test_the_language_follows_the_header(header: str | None, language: Language) -> None:
    assert preferred_language(header) == language


@given(st.text())
def test_any_header_has_a_language(header: str) -> None:
    assert preferred_language(header) in ("vi", "en")


@pytest.mark.parametrize("type_", COMMON.values(), ids=COMMON.keys())
def test_every_shared_type_is_complete_in_both_languages(type_: ProblemType) -> None:
    def parameters(template: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(template) if name}

    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", type_.code)
    assert 400 <= type_.status < 600
    assert type_.title_vi
    assert type_.title_en
    assert parameters(type_.detail_vi) == parameters(type_.detail_en)
    assert type_.detail_vi.endswith(".")
    assert type_.detail_en.isascii()


def test_the_codes_are_the_keys() -> None:
    assert all(code == type_.code for code, type_ in COMMON.items())


@pytest.mark.parametrize(("language", "detail"), [("vi", "Cần 3 phiếu."), ("en", "3 votes needed.")])
def test_a_problem_becomes_its_document(language: Language, detail: str) -> None:
    type_ = ProblemType("few-votes", 409, "Thiếu phiếu", "Few votes", "Cần {n} phiếu.", "{n} votes needed.")
    errors = [FieldError("#/votes", "too-few", "ít", "few")]

    body = document(Problem(type_, errors=errors, n=3), language, instance="/v1/cases/1", trace_id="abc")

    assert body == {
        "type": "/problems/few-votes",
        "code": "few-votes",
        "title": "Thiếu phiếu" if language == "vi" else "Few votes",
        "status": 409,
        "detail": detail,
        "instance": "/v1/cases/1",
        "trace_id": "abc",
        "errors": [{"pointer": "#/votes", "code": "too-few", "detail": "ít" if language == "vi" else "few"}],
    }


def test_a_document_without_field_errors_has_no_list_of_them() -> None:
    assert "errors" not in document(Problem(COMMON["not-found"]), "en", instance="/", trace_id="")
