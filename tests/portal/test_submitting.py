"""Registering an initiative as it happens to people: on a phone, with a link that breaks, a sign-in
that ends, a browser that is closed. Nothing that was typed is ever lost, and nothing is sent twice.
"""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.journey import INITIATIVES, Person, in_state, poll
from tests.support.platform import RunningPlatform
from tests.support.portal import DESK_VI, PASSWORD, PHONE_VI, Portal, until
from tests.support.portal_story import AUTHOR, Story, request_revision

pytestmark = pytest.mark.tiers("embedded")

TEXTS = (
    "Gầu cũ mòn mép, mỗi ca rơi vãi chừng 200 kg quặng khi bốc lên toa.",
    "Hàn thêm thành chắn cao 12 cm ở miệng gầu, thay răng gầu bằng thép mangan.",
    "Lần đầu áp dụng tại khai trường, trước đây chỉ thay gầu mới.",
    "Mọi máy xúc cùng loại trong công ty.",
)
WRITES = "**/api/submission/v1/initiatives**"


def title() -> str:
    return f"Cải tiến gầu xúc giảm rơi vãi quặng ({uuid.uuid4().hex[:8]})"


def write(page: Page, named: str) -> None:
    """Every step but the last click."""
    expect(page.locator(".writing")).to_be_visible()
    for box in page.locator(".choices input[type=checkbox]").all():
        box.check()
    onward(page)
    page.locator("textarea").first.fill(named)
    page.locator("input[value=ky_thuat]").check()
    page.locator("[data-pointer='#/field'] select").select_option("khai-thac-mo")
    page.locator("[data-pointer='#/first_applied_on'] input[type=text]").fill("1/3/2026")
    onward(page)
    for place, text in enumerate(TEXTS):
        page.locator("textarea").nth(place).fill(text)
    onward(page)
    onward(page)
    page.locator("input[value=money]").check()
    page.locator("input[inputmode=numeric]").fill("185000000")
    expect(page.get_by_text("một trăm tám mươi lăm triệu đồng")).to_be_visible()
    page.locator("[data-pointer='#/benefit/method'] textarea").fill("200 kg mỗi ca nhân đơn giá quặng.")
    onward(page)


def onward(page: Page) -> None:
    page.locator(".step-end button[type=submit]").click()


def mine(platform: RunningPlatform, username: str, named: str) -> list[dict[str, object]]:
    """The person's initiatives with that title, as the API lists them."""
    with Person(platform, username) as person:
        return [one for one in person.get(INITIATIVES, limit=100)["items"] if one["title"] == named]


def lose_the_answer(route: Route) -> None:
    if route.request.method != "POST":
        route.continue_()
        return
    assert route.fetch().ok
    route.abort()


def test_a_member_registers_an_initiative_and_gets_a_receipt(
    portal: Portal, seeded_platform: RunningPlatform
) -> None:
    named = title()
    with portal.visit("canon.member", "/submit", PHONE_VI) as visit:
        page = visit.page
        write(page, named)
        expect(page.locator(".save-note")).to_have_text("Đã lưu bản nháp")
        onward(page)

        code = page.locator(".receipt-code")
        expect(code).to_contain_text("HNI-CANON-VIET-NAM")
        expect(page.locator("svg.qr path")).to_be_attached()
        visit.look("receipt")
        (made,) = mine(seeded_platform, "canon.member", named)
        assert made["code"] == code.inner_text()
        # Going back does not lead into a form that was sent.
        page.go_back()
        expect(page.locator(".receipt-code")).to_have_count(0)


def test_a_link_that_breaks_while_submitting_loses_nothing_and_sends_once(
    portal: Portal, seeded_platform: RunningPlatform
) -> None:
    named = title()
    with portal.visit("canon.member2", "/submit", PHONE_VI) as visit:
        page = visit.page
        expect(page.locator(".writing")).to_be_visible()
        until(page, "localStorage['sangkien.list.fields'] && localStorage['sangkien.list.campaigns']")
        visit.page.context.set_offline(True)
        write(page, named)
        expect(page.locator(".save-note")).to_have_text("Đã lưu trên máy này")
        onward(page)
        expect(page.locator(".panel.warn")).to_contain_text("chờ mạng")
        visit.look("submit-waiting")
        assert mine(seeded_platform, "canon.member2", named) == []

        # The browser is closed, and opened again where there is a link.
        page.close()
        visit.page.context.set_offline(False)
        visit.page = page = visit.page.context.new_page()
        # The service does what is asked, and its answer is lost on the way.
        page.context.route(WRITES, lose_the_answer)
        with page.expect_event("requestfailed", lambda request: request.method == "POST"):
            page.goto(f"{visit.gateway}/#/initiatives")
        expect(page.locator(".queue")).to_be_visible()
        visit.look("submit-kept")

        page.context.unroute(WRITES)
        page.evaluate("window.dispatchEvent(new Event('online'))")
        expect(page.locator(".queue")).to_have_count(0)
        expect(page.locator(".tile").filter(has_text=named)).to_have_count(1)
        (made,) = mine(seeded_platform, "canon.member2", named)
        assert made["state"] != "draft"


def test_a_browser_that_is_closed_in_mid_sentence_loses_nothing(portal: Portal) -> None:
    with portal.visit("canon.member", "/submit", PHONE_VI) as visit:
        page = visit.page
        expect(page.locator(".writing")).to_be_visible()
        address = page.url.partition("#")[2].partition("?")[0]
        visit.open(f"{address}?step=content")
        page.locator("textarea").first.fill("Viết dở một câu")
        expect(page.locator(".save-note")).not_to_have_text("")
        page.close()

        visit.page = page = visit.page.context.new_page()
        page.goto(f"{visit.gateway}/#{address}?step=content")
        expect(page.locator("textarea").first).to_have_value("Viết dở một câu")


def test_a_sign_in_that_ends_while_writing_keeps_what_was_typed(portal: Portal) -> None:
    with portal.visit("lamthao.member", "/submit", DESK_VI) as visit:
        page = visit.page
        expect(page.locator(".writing")).to_be_visible()
        # Elsewhere the person signs out of everything, and the token at hand runs out.
        other = page.context.new_page()
        other.goto(f"{visit.gateway}/auth/logout")
        other.locator("button[type=submit], input[type=submit]").first.click()
        other.close()
        refused = {"code": "token-expired", "status": 401, "title": "", "detail": ""}
        page.context.route(
            "**/api/submission/v1/initiatives**", lambda route: route.fulfill(status=401, json=refused)
        )
        address = page.url.partition("#")[2].partition("?")[0]
        visit.open(f"{address}?step=content")
        page.locator("textarea").first.fill("Gõ lúc phiên vừa hết")
        expect(page.locator(".strip.warn")).to_contain_text("Phiên đăng nhập đã hết")
        page.context.unroute("**/api/submission/v1/initiatives**")
        visit.look("session-ended")

        page.locator(".strip.warn button").click()
        page.locator("#username").fill("lamthao.member")
        page.locator("#password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator("textarea").first).to_have_value("Gõ lúc phiên vừa hết")
        expect(page.locator(".strip.warn")).to_have_count(0)


def test_a_requested_revision_stands_beside_its_fields_and_is_submitted_again(
    portal: Portal, seeded_platform: RunningPlatform, story: Story
) -> None:
    with portal.visit(AUTHOR, f"/initiatives/{story.waiting}", PHONE_VI) as visit:
        with Person(seeded_platform, "apatit.support") as support:
            request_revision(support, story.waiting)
        with Person(seeded_platform, AUTHOR) as author:
            poll("asked", lambda: in_state(author, story.waiting, "revision_requested"), seconds=90)
        page = visit.page
        page.reload()
        page.locator(".panel.warn .button.primary").click()
        page.locator(".panel.warn .link").first.click()
        expect(page.locator("[data-pointer='#/solution'] .asked")).to_contain_text("loại cảm biến")
        page.locator("[data-pointer='#/solution'] textarea").fill(
            "Đồ gá có chốt định vị, cảm biến siêu âm ở nắp bể."
        )
        expect(page.locator("[data-pointer='#/solution'] .badge")).to_be_visible()
        visit.look("revise")
        page.locator(".steps button").last.click()
        onward(page)
        expect(page.locator(".receipt-code")).to_be_visible()

        visit.open(f"/initiatives/{story.waiting}")
        expect(page.locator(".changes ins")).to_contain_text("siêu âm")
        visit.look("initiative-revised")


def test_a_withdrawal_asks_for_a_reason_and_is_told(portal: Portal, seeded_platform: RunningPlatform) -> None:
    named = title()
    with portal.visit("canon.member", "/submit", DESK_VI) as visit:
        page = visit.page
        # A draft may have been left; begin anew.
        fresh = page.get_by_role("button", name="Viết sáng kiến mới")
        expect(page.locator(".writing").or_(fresh)).to_be_visible()
        if fresh.is_visible():
            fresh.click()
        write(page, named)
        onward(page)
        expect(page.locator(".receipt-code")).to_be_visible()
        (made,) = mine(seeded_platform, "canon.member", named)
        visit.open(f"/initiatives/{made['id']}")
        page.get_by_role("button", name="Rút sáng kiến").click()
        page.locator("dialog textarea").fill("Trùng với sáng kiến của tổ khác.")
        visit.look("withdraw")
        page.locator("dialog .button.danger").click()
        expect(page.locator(".badge.state-withdrawn")).to_be_visible()


def test_an_unusual_amount_is_confirmed_in_words_and_asked_again_when_it_is_changed(portal: Portal) -> None:
    with portal.visit("apatit.member2", "/submit", PHONE_VI) as visit:
        page = visit.page
        expect(page.locator(".writing")).to_be_visible()
        visit.open(f"{page.url.partition('#')[2].partition('?')[0]}?step=benefit")
        page.locator("input[value=money]").check()
        amount = page.locator("input[inputmode=numeric]")
        box = page.locator("[data-pointer='#/benefit/confirmed'] input")

        amount.fill("999999999")
        expect(box).to_have_count(0)
        amount.fill("16000000000")
        expect(page.get_by_label("xác nhận số tiền: mười sáu tỷ đồng")).to_be_visible()
        box.check()
        visit.look("submit-confirmed")

        amount.fill("2000000000000")
        expect(box).not_to_be_checked()
        expect(page.get_by_text("còn phải có quyết định công nhận")).to_be_visible()


@pytest.mark.parametrize("where", ["list", "page"])
def test_a_draft_is_deleted_by_its_owner(portal: Portal, story: Story, where: str) -> None:
    named = title()
    with Person(portal.platform, AUTHOR) as author:
        body = author.get(f"{INITIATIVES}/{story.revision}")["content"]
        made = author.post(INITIATIVES, {**body, "title": named}).json()
    address = "/initiatives?state=draft" if where == "list" else f"/initiatives/{made['id']}"
    with portal.visit(AUTHOR, address, PHONE_VI) as visit:
        page = visit.page
        around = page.locator(".tile").filter(has_text=named) if where == "list" else page
        around.get_by_role("button", name="Xóa bản nháp").click()
        visit.look(f"mine-delete-{where}")
        page.get_by_role("button", name="Xóa hẳn").click()
        expect(page.get_by_role("status").filter(has_text="Đã xóa bản nháp")).to_be_visible()
    assert mine(portal.platform, AUTHOR, named) == []
