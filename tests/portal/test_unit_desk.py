"""The unit desk in a browser: funnel, children against their targets, allotting, officers, export."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.journey import Person
from tests.support.portal import DESK_EN, DESK_VI, EVERY_VIEW, PHONE_EN, Portal, View

pytestmark = pytest.mark.tiers("embedded")

OFFICIAL, SUPPORT = "congthuong.official", "congthuong.support"
CHILD, OTHER_CHILD = "CT-HOA-CHAT", "CT-VEAM"
DESK = "/desk/CD-CONG-THUONG?campaign=evaluation"
TARGETS = "/api/stats/v1/targets/evaluation"


@pytest.fixture
def official(portal: Portal) -> Iterator[Person]:
    with Person(portal.platform, OFFICIAL) as person:
        yield person


def allot(official: Person, unit: str, target: int | None) -> None:
    seen = official.call("GET", f"{TARGETS}/{unit}")
    tag = {"If-Match": seen.headers["ETag"]}
    official.call("PUT", f"{TARGETS}/{unit}", json={"target": target}, headers=tag)


def target_of(official: Person, unit: str) -> Any:
    return official.get(f"{TARGETS}/{unit}")["target"]


@pytest.mark.parametrize("view", EVERY_VIEW, ids=str)
def test_the_desk_can_be_read_by_everyone(portal: Portal, official: Person, view: View) -> None:
    allot(official, CHILD, 8)
    with portal.visit(OFFICIAL, DESK, view) as visit:
        page = visit.page
        expect(page.locator(".funnel li")).to_have_count(5)
        expect(page.locator("tbody tr").first).to_be_visible()
        expect(page.get_by_text("Kiều Quốc Thịnh", exact=True).last).to_be_visible()
        visit.look("unit-desk")

        page.get_by_role(
            "button", name={"vi": "Phân bổ chỉ tiêu", "en": "Allot targets"}[view.language]
        ).click()
        expect(page.locator(".allot-bar")).to_be_visible()
        visit.look("unit-allotting")


def test_an_official_allots_targets_and_sees_the_running_sum(portal: Portal, official: Person) -> None:
    allot(official, CHILD, 8)
    allot(official, OTHER_CHILD, 5)
    with portal.visit(OFFICIAL, DESK, DESK_VI) as visit:
        page = visit.page
        page.get_by_role("button", name="Phân bổ chỉ tiêu").click()
        expect(page.locator(".allot-bar")).to_contain_text("Đã phân bổ 13")
        page.get_by_label("Chỉ tiêu của Công đoàn Công nghiệp Hóa chất Việt Nam").fill("1.008")
        expect(page.locator(".allot-bar")).to_contain_text("Đã phân bổ 1.013")
        page.get_by_role("button", name="Lưu 1 thay đổi").click()
        expect(page.get_by_role("status").filter(has_text="Đã lưu chỉ tiêu của 1 đơn vị")).to_be_visible()
        expect(page.get_by_role("row").filter(has_text="Hóa chất")).to_contain_text("1.008")
    assert target_of(official, CHILD) == 1008
    assert target_of(official, OTHER_CHILD) == 5


def test_a_target_that_someone_else_changed_meanwhile_is_not_overwritten(
    portal: Portal, official: Person
) -> None:
    allot(official, CHILD, 8)
    with portal.visit(OFFICIAL, DESK, PHONE_EN) as visit:
        page = visit.page
        page.get_by_role("button", name="Allot targets").click()
        field = page.get_by_label("Target of Vietnam Chemical Industry Trade Union")
        field.fill("20")
        allot(official, CHILD, 30)
        page.get_by_role("button", name="Save 1 change").click()
        expect(page.locator(".target-input .error")).to_contain_text("changed this target to 30")
        expect(field).to_have_value("20")
        visit.look("unit-target-changed")
    assert target_of(official, CHILD) == 30


def test_what_is_no_number_is_said_at_its_field(portal: Portal, official: Person) -> None:
    allot(official, CHILD, 8)
    with portal.visit(OFFICIAL, DESK, DESK_VI) as visit:
        page = visit.page
        page.get_by_role("button", name="Phân bổ chỉ tiêu").click()
        page.get_by_label("Chỉ tiêu của Công đoàn Công nghiệp Hóa chất Việt Nam").fill("tám")
        page.get_by_role("button", name="Lưu 1 thay đổi").click()
        expect(page.locator(".target-input .error")).to_have_count(1)
    assert target_of(official, CHILD) == 8


def test_what_is_on_screen_is_exported_as_csv_and_xlsx(
    portal: Portal, official: Person, tmp_path: Path
) -> None:
    allot(official, CHILD, 8)
    with portal.visit(OFFICIAL, DESK, DESK_EN) as visit:
        page = visit.page
        shown = page.locator("tbody tr")
        expect(page.get_by_role("button", name="Export CSV")).to_be_visible()
        with page.expect_download() as csv_download:
            page.get_by_role("button", name="Export CSV").click()
        with page.expect_download() as xlsx_download:
            page.get_by_role("button", name="Export XLSX").click()
        text, book = tmp_path / "desk.csv", tmp_path / "desk.xlsx"
        csv_download.value.save_as(text)
        xlsx_download.value.save_as(book)
        children = page.locator("section", has=page.get_by_role("button", name="Export CSV"))
        names = children.locator("tbody th").all_inner_texts()
        assert shown.count() >= len(names)

    rows = list(csv.DictReader(io.StringIO(text.read_text("utf-8-sig"))))
    assert [row["Unit"] for row in rows] == names
    assert {row["Code"]: row["Target"] for row in rows}[CHILD] == "8"
    with zipfile.ZipFile(book) as parts:
        whole = "".join(parts.read(name).decode() for name in parts.namelist() if name.endswith(".xml"))
    assert all(name in whole.replace("&amp;", "&") for name in names)


def test_a_support_group_sees_the_desk_but_allots_nothing(portal: Portal) -> None:
    with portal.visit(SUPPORT, "/desk?campaign=evaluation", DESK_VI) as visit:
        page = visit.page
        expect(page.get_by_role("button", name="Tải CSV")).to_be_visible()
        expect(page.get_by_role("button", name="Phân bổ chỉ tiêu")).to_have_count(0)


def test_the_officers_of_another_unit_are_not_shown(portal: Portal) -> None:
    with portal.visit(OFFICIAL, f"/desk/{CHILD}?campaign=evaluation", DESK_VI) as visit:
        expect(visit.page.get_by_text("Người phụ trách chỉ hiện với cán bộ")).to_be_visible()


def test_without_the_stats_service_only_the_figures_are_away(portal: Portal) -> None:
    control = portal.platform.control
    with portal.visit(OFFICIAL, "/inbox", DESK_VI) as visit:
        page = visit.page
        control.halt("stats-api")
        try:
            visit.open(DESK)
            expect(page.get_by_role("alert").filter(has_text="tạm thời chưa phục vụ được")).to_have_count(2)
            expect(page.get_by_text("Kiều Quốc Thịnh", exact=True).last).to_be_visible()
            visit.look("unit-figures-away")
        finally:
            control.launch("stats-api")
        # All at once: a part that has refreshed itself meanwhile has no button any more.
        page.evaluate("document.querySelectorAll('[role=alert] button').forEach(retry => retry.click())")
        expect(page.locator(".funnel li")).to_have_count(5)
