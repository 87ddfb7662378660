"""When a part of the platform is away, only that part of a page says so; and the back button leads back to
what was there.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.portal import DESK_VI, PHONE_VI, Portal
from tests.support.portal_story import AUTHOR, Story

pytestmark = pytest.mark.tiers("embedded")


def test_the_front_page_outlives_any_one_service(portal: Portal, story: Story) -> None:
    with portal.visit(None, "/", PHONE_VI) as visit:
        page = visit.page
        expect(page.locator(".headline .big strong")).to_be_visible()
        counted = page.locator(".headline .big strong").inner_text()

        page.context.route(
            "**/api/stats/**", lambda route: route.fulfill(status=502, json={"code": "unavailable"})
        )
        page.reload()
        expect(page.locator(".panel.bad").first).to_contain_text("tạm thời chưa phục vụ")
        expect(page.locator(".entries li").first).to_be_visible()
        visit.look("stats-away")
        page.context.unroute("**/api/stats/**")
        page.locator(".panel.bad button").first.click()
        expect(page.locator(".headline .big strong")).to_have_text(counted)


def test_a_stopped_service_is_told_of_in_its_part_alone(portal: Portal, story: Story) -> None:
    control = portal.platform.control
    with portal.visit(AUTHOR, f"/initiatives/{story.approved}", DESK_VI) as visit:
        page = visit.page
        expect(page.locator(".timeline li").nth(2)).to_be_visible()
        control.halt("review-api")
        try:
            page.reload()
            # The milestones of the other service still tell the story.
            expect(page.locator(".timeline li.good").first).to_be_visible()
            expect(page.locator(".stale")).to_contain_text("xét duyệt")
            visit.look("review-away")
        finally:
            control.launch("review-api")
            portal.platform.wait_ready("review-api")
        page.reload()
        expect(page.locator(".stale")).to_have_count(0)


def test_a_sign_in_is_taken_up_again_as_soon_as_the_link_is_back(portal: Portal, story: Story) -> None:
    with portal.visit(AUTHOR, "/initiatives", PHONE_VI) as visit:
        page = visit.page
        page.context.route("**/auth/**", lambda route: route.abort())
        page.reload()
        expect(page.locator(".strip")).to_contain_text("Dịch vụ đăng nhập chưa trả lời")
        expect(page.locator("header .account")).to_have_count(0)

        page.context.unroute("**/auth/**")
        page.evaluate("window.dispatchEvent(new Event('online'))")
        expect(page.locator(".tile").first).to_be_visible()
        expect(page.locator(".strip")).to_have_count(0)


def test_a_sign_in_that_could_not_begin_can_be_tried_again(portal: Portal, story: Story) -> None:
    with portal.visit(None, "/", PHONE_VI) as visit:
        page = visit.page
        page.context.route("**/auth/**", lambda route: route.abort())
        visit.open("/initiatives")
        page.locator("main").get_by_role("button", name="Đăng nhập").click()
        expect(page.locator(".strip")).to_contain_text("Dịch vụ đăng nhập chưa trả lời")

        page.context.unroute("**/auth/**")
        page.locator(".strip button").click()
        expect(page.locator(".strip")).to_have_count(0)
        page.locator("main").get_by_role("button", name="Đăng nhập").click()
        expect(page.locator("#username")).to_be_visible()


def test_the_back_button_leads_back_to_the_list_as_it_was(portal: Portal, story: Story) -> None:
    with portal.visit(AUTHOR, "/initiatives?state=rejected", PHONE_VI) as visit:
        page = visit.page
        page.locator(".tile a").first.click()
        expect(page.locator(".timeline")).to_be_visible()
        page.go_back()
        expect(page.locator(".states [aria-pressed=true]")).to_have_text("Bị từ chối")
        expect(page.locator(".tile").first).to_be_visible()


def test_the_tree_is_walked_down_and_back_up(portal: Portal, story: Story) -> None:
    with portal.visit(None, "/?rank=all", DESK_VI) as visit:
        page = visit.page
        page.get_by_role("link", name="Công đoàn Công Thương Việt Nam").first.click()
        expect(page.locator(".crumbs [aria-current]")).to_have_text("Công đoàn Công Thương Việt Nam")
        page.locator("tbody th a").first.click()
        expect(page.locator(".crumbs li")).to_have_count(3)
        page.go_back()
        expect(page.locator(".crumbs li")).to_have_count(2)
        page.locator(".crumbs a").first.click()
        expect(page.locator(".crumbs")).to_have_count(0)
