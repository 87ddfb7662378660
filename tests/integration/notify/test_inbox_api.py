"""The inbox over HTTP: one's own entries only, newest first, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.notify_news import AUTHOR, NOW, event
from tests.support.notify_stage import OTHER, Notify, application, as_member


@pytest.fixture
def http(notify: Notify) -> Iterator[FlaskClient]:
    with application(notify).test_client() as client:
        yield client


def entries(http: FlaskClient, query: str = "", member: str = AUTHOR) -> list[dict[str, Any]]:
    answer = http.get(f"/v1/inbox{query}", headers=as_member(member))
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def three_events(notify: Notify) -> None:
    """Submitted, validated, approved, an hour apart, told in another order."""
    kinds = ("initiative.submitted", "initiative.validated", "initiative.approved")
    told = [event(topic, at=NOW + timedelta(hours=hours)) for hours, topic in enumerate(kinds)]
    notify.handle(told[2], told[0], told[1])


def test_a_person_reads_what_happened_newest_first(notify: Notify, http: FlaskClient) -> None:
    three_events(notify)

    assert [entry["kind"] for entry in entries(http)] == ["approved", "validated", "submitted"]


def test_an_entry_has_words_a_link_and_what_it_is_about(notify: Notify, http: FlaskClient) -> None:
    notify.handle(event("initiative.approved"))

    (entry,) = entries(http)

    assert entry["title"].endswith("đã được duyệt")
    assert entry["body"].startswith("Chúc mừng anh/chị!")
    assert entry["unread"] is True
    assert entry["at"] == "2022-06-01T09:00:00Z"
    assert entry["url"] == f"https://sangkien.example.org/#/initiatives/{entry['initiative_id']}"
    assert entry["initiative_id"] == event("initiative.approved").data["initiative_id"]


def test_the_reader_gets_the_language_that_the_browser_asks_for(notify: Notify, http: FlaskClient) -> None:
    notify.handle(event("initiative.approved"))

    answer = http.get("/v1/inbox", headers=as_member(AUTHOR) | {"Accept-Language": "en"})

    assert answer.json is not None
    assert answer.json["items"][0]["title"].endswith("has been approved")


def test_an_entry_about_a_unit_is_about_no_initiative(notify: Notify, http: FlaskClient) -> None:
    reached = event("target.reached")
    notify.db["contacts"].insert_one(
        {
            "_id": AUTHOR,
            "version": 1,
            "name": None,
            "email": None,
            "locale": "vi",
            "chosen_locale": None,
            "grants": [{"role": "official", "unit": reached.data["unit"]}],
            "mail_off": [],
            "keys": [f"official:{reached.data['unit']}"],
        }
    )
    notify.handle(reached)

    (entry,) = entries(http)

    assert entry["initiative_id"] is None
    assert entry["unit"] == reached.data["unit"]


def test_pages_follow_one_another_without_gap_or_repetition(notify: Notify, http: FlaskClient) -> None:
    notify.handle(*(event("initiative.approved", at=NOW + timedelta(seconds=n % 3)) for n in range(7)))
    seen: list[str] = []
    more: list[bool] = []
    cursor = ""

    for _ in range(4):
        page = http.get(f"/v1/inbox?limit=2{cursor}", headers=as_member(AUTHOR)).json
        assert page is not None
        seen += [entry["id"] for entry in page["items"]]
        more.append(page["next"] is not None)
        cursor = f"&cursor={page['next']}"

    assert len(seen) == len(set(seen)) == 7
    assert more == [True, True, True, False]


def test_an_entry_that_arrives_between_two_pages_moves_none_into_the_next(
    notify: Notify, http: FlaskClient
) -> None:
    three_events(notify)
    first = http.get("/v1/inbox?limit=2", headers=as_member(AUTHOR)).json
    assert first is not None
    notify.handle(event("initiative.rejected", at=NOW + timedelta(days=1)))

    rest = entries(http, f"?limit=2&cursor={first['next']}")

    assert [entry["kind"] for entry in rest] == ["submitted"]


def test_reading_an_entry_takes_it_from_the_unread_ones_and_leaves_it_in_the_inbox(
    notify: Notify, http: FlaskClient
) -> None:
    three_events(notify)
    read = entries(http)[1]["id"]

    answer = http.post(f"/v1/inbox/{read}/read", headers=as_member(AUTHOR))

    assert answer.status_code == 204
    assert [entry["kind"] for entry in entries(http, "?unread=true")] == ["approved", "submitted"]
    assert [entry["unread"] for entry in entries(http)] == [True, False, True]


def test_reading_again_changes_nothing(notify: Notify, http: FlaskClient) -> None:
    notify.handle(event("initiative.approved"))
    read = entries(http)[0]["id"]
    http.post(f"/v1/inbox/{read}/read", headers=as_member(AUTHOR))
    before = notify.rows()
    notify.later(hours=1)

    assert http.post(f"/v1/inbox/{read}/read", headers=as_member(AUTHOR)).status_code == 204

    assert notify.rows() == before


def test_the_same_event_delivered_again_does_not_make_a_read_entry_new(
    notify: Notify, http: FlaskClient
) -> None:
    approved = event("initiative.approved")
    notify.handle(approved)
    http.post(f"/v1/inbox/{approved.id}/read", headers=as_member(AUTHOR))

    notify.handle(approved)

    assert entries(http, "?unread=true") == []


def test_the_summary_counts_the_unread_entries(notify: Notify, http: FlaskClient) -> None:
    three_events(notify)
    http.post(f"/v1/inbox/{entries(http)[0]['id']}/read", headers=as_member(AUTHOR))

    assert http.get("/v1/inbox/summary", headers=as_member(AUTHOR)).json == {"unread": 2, "more": False}
    assert http.get("/v1/inbox/summary", headers=as_member(OTHER)).json == {"unread": 0, "more": False}


def test_the_summary_counts_no_further_than_it_shows(notify: Notify, http: FlaskClient) -> None:
    notify.handle(*(event("initiative.approved") for _ in range(101)))

    assert http.get("/v1/inbox/summary", headers=as_member(AUTHOR)).json == {"unread": 99, "more": True}


def test_nobody_sees_or_marks_the_entry_of_another(notify: Notify, http: FlaskClient) -> None:
    approved = event("initiative.approved")
    notify.handle(approved)
    before = notify.rows()

    assert entries(http, member=OTHER) == []
    refused = http.post(f"/v1/inbox/{approved.id}/read", headers=as_member(OTHER))

    assert refused.status_code == 404
    assert refused.json is not None
    assert refused.json["code"] == "entry-not-found"
    assert notify.rows() == before


def test_an_id_made_of_another_persons_row_finds_nothing(notify: Notify, http: FlaskClient) -> None:
    approved = event("initiative.approved")
    notify.handle(approved)

    refused = http.post(f"/v1/inbox/{approved.id}:{AUTHOR}:inbox/read", headers=as_member(OTHER))

    assert refused.status_code == 404


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?cursor=x", "bad-cursor"),
        ("?limit=0", "validation-failed"),
        ("?limit=101", "validation-failed"),
        ("?unread=perhaps", "validation-failed"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(http: FlaskClient, query: str, code: str) -> None:
    refused = http.get(f"/v1/inbox{query}", headers=as_member(AUTHOR))

    assert refused.json is not None
    assert refused.json["code"] == code


def test_a_problem_speaks_vietnamese_unless_english_is_asked_for(http: FlaskClient) -> None:
    vietnamese = http.post("/v1/inbox/x/read", headers=as_member(AUTHOR))
    english = http.post("/v1/inbox/x/read", headers=as_member(AUTHOR) | {"Accept-Language": "en"})

    assert vietnamese.json is not None
    assert vietnamese.json["title"] == "Không có thông báo này"
    assert english.json is not None
    assert english.json["title"] == "No such entry"


def test_every_request_takes_one_round_trip_and_an_index(notify: Notify, http: FlaskClient) -> None:
    three_events(notify)
    read = entries(http)[0]["id"]
    stages: dict[str, set[str]] = {}
    for method, path in [
        ("GET", "/v1/inbox"),
        ("GET", "/v1/inbox?unread=true&limit=1"),
        ("GET", "/v1/inbox/summary"),
        ("POST", f"/v1/inbox/{read}/read"),
    ]:
        notify.trips.reset()
        answer = http.open(path, method=method, headers=as_member(AUTHOR))
        assert answer.status_code < 300
        assert notify.trips.count == 1, path
        stages |= notify.trips.stages(notify.db)

    assert len(stages) == 3
    assert all("COLLSCAN" not in found for found in stages.values()), stages
