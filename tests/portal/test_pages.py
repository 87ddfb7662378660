"""Every page of the public and of members, on a phone and on a desk, in both languages: it shows what
is there, axe finds nothing, nothing is asked of another host, and a picture is taken for people to look
at.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.portal import DESK_VI, EVERY_VIEW, PHONE_VI, Portal, View
from tests.support.portal_story import AUTHOR, Story

pytestmark = pytest.mark.tiers("embedded")

STEPS = ("rules", "about", "content", "authors", "benefit", "check")


@pytest.mark.parametrize("view", EVERY_VIEW, ids=str)
def test_the_public_pages_show_the_programme(portal: Portal, story: Story, view: View) -> None:
    with portal.visit(None, "/", view) as visit:
        page = visit.page
        expect(page.locator(".headline .big strong")).to_be_visible()
        expect(page.locator(".uplot")).to_be_visible()
        visit.look("front")
        page.locator("details summary").first.click()
        expect(page.locator("details table")).to_be_visible()
        visit.open("/units/CD-CONG-THUONG")
        expect(page.locator(".crumbs li")).to_have_count(2)
        visit.look("unit")
        visit.open("/showcase?q=gau+xuc")
        expect(page.locator(".entries h2").first).to_contain_text("gầu xúc")
        visit.look("showcase")
        visit.open("/nowhere")
        expect(page.locator("h1")).to_be_visible()
        visit.look("not-found")
        visit.open("/initiatives")
        expect(page.locator("main .button.primary")).to_be_visible()
        visit.look("sign-in-needed")


@pytest.mark.parametrize("view", EVERY_VIEW, ids=str)
def test_a_members_pages_show_what_happened(portal: Portal, story: Story, view: View) -> None:
    with portal.visit(AUTHOR, "/initiatives", view) as visit:
        page = visit.page
        expect(page.locator(".tile").first).to_be_visible()
        visit.look("mine")
        for name in ("approved", "revision", "rejected", "withdrawn"):
            visit.open(f"/initiatives/{getattr(story, name)}")
            expect(page.locator(".timeline li").nth(1)).to_be_visible()
            visit.look(f"initiative-{name}")
        visit.open("/inbox")
        expect(page.locator(".messages li").first).to_be_visible()
        visit.look("inbox")
        visit.open("/preferences")
        expect(page.locator("input[type=checkbox]").first).to_be_visible()
        visit.look("preferences")
        visit.open("/operations")
        expect(page.locator("main .button")).to_be_visible()
        visit.look("forbidden")


@pytest.mark.parametrize("view", EVERY_VIEW, ids=str)
def test_the_form_has_each_of_its_steps_and_says_all_that_is_wrong(
    portal: Portal, story: Story, view: View
) -> None:
    with portal.visit("apatit.member2", "/submit", view) as visit:
        page = visit.page
        expect(page.locator(".writing")).to_be_visible()
        address = page.url.partition("#")[2].partition("?")[0]
        for step in STEPS:
            visit.open(f"{address}?step={step}")
            expect(page.locator(".steps [aria-current=step]")).to_be_visible()
            if step == "benefit":
                page.locator("input[value=money]").check()
                page.locator("input[inputmode=numeric]").fill("16000000000")
                expect(page.locator(".note").first).not_to_be_empty()
            visit.look(f"submit-{step}")
        page.locator(".step-end button[type=submit]").click()
        expect(page.locator(".panel.bad li").first).to_be_visible()
        visit.look("submit-refused")


@pytest.mark.parametrize("view", [PHONE_VI, DESK_VI], ids=str)
def test_dark_is_as_readable_as_light(portal: Portal, story: Story, view: View) -> None:
    with portal.visit(None, "/", view, color_scheme="dark") as visit:
        expect(visit.page.locator(".uplot")).to_be_visible()
        visit.look("dark-front")
    with portal.visit(AUTHOR, f"/initiatives/{story.revision}", view, color_scheme="dark") as visit:
        expect(visit.page.locator(".timeline li").nth(1)).to_be_visible()
        visit.look("dark-initiative")
        visit.open(f"/submit/{story.revision}?step=content")
        expect(visit.page.locator(".asked").first).to_be_visible()
        visit.look("dark-submit")
