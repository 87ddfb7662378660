"""The operator's page in a browser: each service by its own account, dead letters and their replay."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from pymongo import MongoClient

from chassis.clock import utc_now
from chassis.consumer.parking import LimitStore
from chassis.jobs.documents import COLLECTION, new_document
from chassis.jobs.job import NewJob
from chassis.mongo.client import connect
from tests.support.journey import Person, poll
from tests.support.mongo_servers import DatabaseSettings
from tests.support.portal import DESK_EN, DESK_VI, EVERY_VIEW, PHONE_VI, Portal, View
from tests.support.records import headers_of, produce

pytestmark = pytest.mark.tiers("embedded")

OPERATOR = "tld.operator"
TOPIC = "initiative.submitted"


def card(page: Page, service: str) -> Locator:
    return page.locator(f'section[aria-label="{service}"]')


def letter_of(operator: Person, service: str, key: str) -> bool | None:
    letters = operator.get(f"/api/{service}/v1/operations")["letters"]
    return any(one["key"] == key for one in letters) or None


@pytest.fixture(scope="module")
def poisoned(portal: Portal) -> str:
    """The key of a record that no service can read, once review tells of it."""
    key = str(uuid.uuid4())
    produce(portal.platform, TOPIC, key, b"\x00\xff not JSON", headers_of(TOPIC, key, "000001.000000"))
    with Person(portal.platform, OPERATOR) as operator:
        poll("the dead letter in review's report", partial(letter_of, operator, "review", key), seconds=180)
    return key


@pytest.mark.parametrize("view", EVERY_VIEW, ids=str)
def test_each_service_tells_of_itself(portal: Portal, poisoned: str, view: View) -> None:
    with portal.visit(OPERATOR, "/operations", view) as visit:
        page = visit.page
        for service in ("submission", "review", "stats", "notify"):
            ready = {"vi": "sẵn sàng", "en": "ready"}[view.language]
            expect(card(page, service).get_by_text(ready, exact=True)).to_be_visible()
            expect(card(page, service)).to_contain_text("SecantusDB")
        expect(card(page, "review").locator(".letters")).to_contain_text(poisoned)
        card(page, "review").locator("summary").click()
        expect(card(page, "review").locator("details table")).to_contain_text(TOPIC)
        visit.look("operations")


def test_a_dead_letter_is_replayed_by_a_button_and_comes_back_when_nothing_was_mended(
    portal: Portal, poisoned: str
) -> None:
    with portal.visit(OPERATOR, "/operations", DESK_EN) as visit:
        row = card(visit.page, "review").locator(".letters tr").filter(has_text=poisoned)
        expect(row).to_have_count(1)
        before = row.get_by_role("button").get_attribute("aria-label")
        row.get_by_role("button", name="Replay").click()
        expect(visit.page.get_by_role("status").filter(has_text="was asked for")).to_be_visible()
        # It cannot be read now either, so it is set aside once more, as another letter.
        expect(card(visit.page, "review").get_by_role("button", name=before or "", exact=True)).to_have_count(
            0
        )
        expect(row.get_by_role("button", name="Replay")).to_have_count(1)


def test_a_parked_consumer_is_shown_and_released_by_a_button(portal: Portal) -> None:
    platform = portal.platform
    client: MongoClient[dict[str, Any]] = MongoClient(platform.mongo_uri("notify"), tz_aware=True)
    LimitStore(client["notify"], "notify", utc_now).park(TOPIC, 2, 71, "20 records in a row")
    client.close()
    shown = platform.sangkienctl("consumer", "status", "notify")
    assert (shown.returncode, f"notify: parked at {TOPIC}/2/71" in shown.stdout) == (1, True), shown.stderr

    with portal.visit(OPERATOR, "/operations", PHONE_VI) as visit:
        parked = card(visit.page, "notify").get_by_text("Bộ xử lý sự kiện đang tạm dừng")
        expect(parked).to_be_visible()
        expect(card(visit.page, "notify")).to_contain_text(f"{TOPIC}, phân vùng 2, vị trí 71")
        visit.look("operations-parked")
        card(visit.page, "notify").get_by_role("button", name="Cho chạy tiếp").click()
        expect(parked).to_have_count(0)

    assert platform.sangkienctl("consumer", "status", "notify").returncode == 0


@pytest.fixture(scope="module")
def job(portal: Portal) -> Iterator[str]:
    """The id of a job of notify in the middle of its work, which no worker takes up during the tests."""
    id = "retention.daily:2022-05-31T19:00:00Z"
    now = utc_now()
    with connect(DatabaseSettings(portal.platform.mongo_uri("notify"), "notify")) as client:
        jobs = client["notify"][COLLECTION]
        document = new_document(NewJob(id, "messages.retention", due=now + timedelta(days=1)), now)
        document |= {
            "state": "running",
            "progress": {"done": 30, "total": 120, "note": "removing-messages"},
        }
        jobs.replace_one({"_id": id}, document, upsert=True)
        yield id
        jobs.delete_one({"_id": id})


@pytest.mark.parametrize("view", EVERY_VIEW, ids=str)
def test_jobs_are_listed_with_a_bar_that_says_how_far_they_are(portal: Portal, job: str, view: View) -> None:
    name, note = {
        "vi": ("Xóa thông báo đã hết hạn lưu", "đang xóa thông báo"),
        "en": ("Remove expired messages", "removing messages"),
    }[view.language]
    with portal.visit(OPERATOR, "/operations", view) as visit:
        row = card(visit.page, "notify").locator(".jobs tr").filter(has_text=job)
        bar = row.get_by_role("progressbar", name=name)
        expect(bar).to_be_visible()
        assert bar.evaluate("bar => bar.value / bar.max") == 0.25
        expect(row).to_contain_text(note)
        visit.look("operations-jobs")


def test_a_job_is_cancelled_by_a_button(portal: Portal, job: str) -> None:
    with portal.visit(OPERATOR, "/operations", DESK_VI) as visit:
        row = card(visit.page, "notify").locator(".jobs tr").filter(has_text=job)
        row.get_by_role("button", name="Hủy").click()
        expect(row.get_by_text("đang hủy")).to_be_visible()
        expect(row.get_by_role("button")).to_have_count(0)


def test_a_service_that_does_not_answer_takes_only_its_own_part_away(portal: Portal) -> None:
    control = portal.platform.control
    with portal.visit(OPERATOR, "/preferences", DESK_VI) as visit:
        page = visit.page
        control.halt("stats-api")
        try:
            visit.open("/operations")
            expect(card(page, "stats").get_by_role("alert")).to_contain_text("tạm thời chưa phục vụ được")
            expect(card(page, "stats").get_by_text("không trả lời")).to_be_visible()
            expect(card(page, "review").get_by_text("sẵn sàng", exact=True)).to_be_visible()
            visit.look("operations-away")
        finally:
            control.launch("stats-api")
        card(page, "stats").get_by_role("button", name="Thử lại").click()
        expect(card(page, "stats").get_by_text("sẵn sàng", exact=True)).to_be_visible()


def test_others_are_told_that_the_page_is_not_for_them(portal: Portal) -> None:
    with portal.visit("apatit.support", "/operations", DESK_VI) as visit:
        expect(visit.page.get_by_role("heading", level=1)).to_have_text(
            "Trang này không dành cho vai trò của bạn"
        )
