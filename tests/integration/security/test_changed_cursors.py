"""Cursors that no list gave out: each is refused as a bad cursor, none is an error of ours, and none changes
what others are given.
"""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.four_services import UNIT, FourServices
from tests.support.whole_bodies import EVERYTHING

pytestmark = pytest.mark.tiers("embedded")

# Every list with pages: its service, its path, its query without a cursor and the names in its cursor.
LISTS: tuple[tuple[str, str, Mapping[str, str], tuple[str, ...]], ...] = (
    ("submission", "/v1/initiatives", {}, ("before",)),
    ("submission", "/v1/initiatives", {"unit": "TLD"}, ("before",)),
    ("submission", "/v1/showcase", {}, ("before",)),
    ("submission", "/v1/showcase", {"q": "gá đặt", "unit": UNIT}, ("before",)),
    ("submission", "/v1/units", {}, ("name", "code")),
    ("review", "/v1/cases", {}, ("after",)),
    ("review", "/v1/cases", {"unit": "TLD"}, ("after",)),
    ("notify", "/v1/inbox", {}, ("after",)),
    ("notify", "/v1/inbox", {"unread": "true"}, ("after",)),
    ("notify", "/v1/jobs", {}, ("after",)),
)
VALUES: tuple[Any, ...] = (
    "abc", "1e5", "\0", "$gt", "x" * 500, "-1", " ", "999999999999999", "0" * 15, "٣" * 15 + ".a",
    "999999999999999.\0", "999999999999999. ", "2022-05-31", "9999-99-99.", "2022-05-31.$", "ả",
    0, 1, -1, 10**15, 2**63 - 1, 1.5, True, False, None, [], ["a"], {}, {"$gt": ""}, {"$ne": None},
)  # fmt: skip
# Any words may be a unit's folded name, any digits its code.
ANY_OF = {"name": re.compile(r"[a-z0-9 ]{0,300}"), "code": re.compile(r"[0-9]+(?:-[0-9]+)*")}
KNOWN_FORM = ("999999999999999.8d1f0000-0000-4000-8000-00000000000a", "000000000000000.a", "9999-12-31.a")


def cursor(value: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).decode().rstrip("=")


def ask(services: FourServices, service: str, path: str, query: Mapping[str, str], text: str) -> Any:
    return services.ask(service, "GET", path, EVERYTHING, query={**query, "cursor": text})


def test_every_list_with_a_cursor_is_among_them(services: FourServices) -> None:
    found = set()
    for service in services.apps():
        document: Any = services.client(service).get("/v1/openapi.json").json
        for path, operations in document["paths"].items():
            names = {one.get("name") for one in operations.get("get", {}).get("parameters", ())}
            if "cursor" in names:
                found.add((service, path))

    assert found == {(service, path) for service, path, _, _ in LISTS}


@pytest.mark.parametrize("at", range(len(LISTS)), ids=lambda at: f"{LISTS[at][1]}?{LISTS[at][2]}")
def test_a_value_that_the_list_never_gives_out_is_refused(services: FourServices, at: int) -> None:
    service, path, query, names = LISTS[at]
    good = {"name": "cong doan", "code": UNIT}
    for name, value in itertools.product(names, VALUES):
        if isinstance(value, str) and name in ANY_OF and ANY_OF[name].fullmatch(value):
            continue
        made = {other: good.get(other, "") for other in names} | {name: value}
        answer = ask(services, service, path, query, cursor(made))

        assert answer.status_code == 400, (made, answer.status_code, answer.text)
        assert answer.json["code"] == "bad-cursor"


@pytest.mark.parametrize("at", range(len(LISTS)), ids=lambda at: f"{LISTS[at][1]}?{LISTS[at][2]}")
def test_any_cursor_is_answered_or_refused(services: FourServices, at: int) -> None:
    service, path, query, names = LISTS[at]
    inner = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(KNOWN_FORM)
    shapes = (
        st.text(max_size=60)
        | st.fixed_dictionaries(dict.fromkeys(names, inner)).map(cursor)
        | st.dictionaries(st.sampled_from([*names, "$gt", ""]), inner | st.integers(0, 9)).map(cursor)
        | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
    )

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(shapes)
    def attempt(text: str) -> None:
        answer = ask(services, service, path, query, text.encode("utf-8", "replace").decode())
        assert answer.status_code in (200, 400), (text, answer.text)
        assert answer.status_code == 200 or answer.json["code"] == "bad-cursor"

    attempt()


@pytest.mark.parametrize("moment", ["999999999999999", "900000000000000"])
def test_a_page_from_the_far_future_is_the_first_page(services: FourServices, moment: str) -> None:
    for _ in range(3):
        services.initiative(submit=True)
    query = {"unit": UNIT, "limit": "2"}

    far = ask(services, "submission", "/v1/initiatives", query, cursor({"before": f"{moment}.a"}))

    first = services.ask("submission", "GET", "/v1/initiatives", EVERYTHING, query=query)
    assert far.json == first.json
    assert len(far.json["items"]) == 2
