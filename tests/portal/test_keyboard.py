"""Everything can be done without a mouse: each thing is reached by Tab, is seen to be reached, and answers
to the keys that a reader of screens expects.
"""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.journey import INITIATIVES, Person
from tests.support.portal import DESK_VI, Portal
from tests.support.portal_story import Story

pytestmark = pytest.mark.tiers("embedded")

MOST_STOPS = 60
OUTLINED = "element => getComputedStyle(element).outlineStyle !== 'none'"


def tab_to(page: Page, wanted: Locator) -> Locator:
    """Tab until the focus is there, and be shown so."""
    wanted.wait_for()
    for _ in range(MOST_STOPS):
        if wanted.evaluate("element => element === document.activeElement"):
            assert wanted.evaluate(OUTLINED), f"the focus on {wanted} cannot be seen"
            return wanted
        page.keyboard.press("Tab")
    raise AssertionError(f"{wanted} is not reached by {MOST_STOPS} stops of Tab")


def fill(page: Page, wanted: Locator, text: str) -> None:
    tab_to(page, wanted)
    page.keyboard.insert_text(text)


def press(page: Page, wanted: Locator, key: str = "Enter") -> None:
    tab_to(page, wanted)
    page.keyboard.press(key)


def test_a_unit_is_found_by_keyboard_alone(portal: Portal, story: Story) -> None:
    with portal.visit(None, "/", DESK_VI) as visit:
        page = visit.page
        expect(page.locator(".uplot")).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        tab_to(page, page.get_by_label("Tìm đơn vị"))
        page.keyboard.type("apatit viet nam", delay=20)
        expect(page.locator("[role=option]").first).to_be_visible()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Enter")
        expect(page.locator(".crumbs [aria-current]")).to_contain_text("Apatit")


def test_an_initiative_is_submitted_by_keyboard_alone(portal: Portal, story: Story) -> None:
    title = f"Giảm hao hụt quặng khi sàng ({uuid.uuid4().hex[:8]})"
    with portal.visit("apatit.member3", "/submit", DESK_VI) as visit:
        page = visit.page
        expect(page.locator(".writing")).to_be_visible()
        onward = page.locator(".step-end button[type=submit]")

        for place in range(3):
            press(page, page.locator(".choices input[type=checkbox]").nth(place), "Space")
        press(page, onward)

        fill(page, page.locator("textarea").first, title)
        # The first of a group is reached, the others by the arrows.
        press(page, page.locator("input[type=radio]").first, "Space")
        tab_to(page, page.locator("[data-pointer='#/field'] select"))
        page.keyboard.type("Khai")
        fill(page, page.locator("[data-pointer='#/first_applied_on'] input[type=text]"), "1/3/2026")
        press(page, onward)

        for place in range(4):
            fill(page, page.locator("textarea").nth(place), "Sàng hai tầng thay một tầng, thu lại hạt mịn.")
        press(page, onward)
        press(page, onward)

        press(page, page.locator("input[value=money]"), "Space")
        fill(page, page.locator("input[inputmode=numeric]"), "185000000")
        fill(page, page.locator("[data-pointer='#/benefit/method'] textarea"), "Số tấn thu lại nhân đơn giá.")
        press(page, onward)
        press(page, onward)

        expect(page.locator(".receipt-code")).to_contain_text("HC-APATIT-VIET-NAM-")
    with Person(portal.platform, "apatit.member3") as person:
        sent = [one for one in person.get(INITIATIVES, limit=100)["items"] if one["title"] == title]
    assert len(sent) == 1
    assert sent[0]["state"] in ("submitted", "in_review")
