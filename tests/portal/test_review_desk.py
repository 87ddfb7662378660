"""The review desk in a browser: the queue, a case with its changes, decisions, two reviewers on one case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.journey import (
    INITIATIVES,
    MEMBER_IDS,
    Person,
    case,
    content,
    decide,
    in_state,
    poll,
    submit,
)
from tests.support.portal import DESK_EN, DESK_VI, EVERY_VIEW, PHONE_VI, Portal, View, until

pytestmark = pytest.mark.tiers("embedded")

UNIT = "HC-APATIT-VIET-NAM"
AUTHOR, SUPPORT, SUPPORT_ABOVE = "apatit.member", "apatit.support", "hoachat.support"
BETTER = "Mỗi lần gá đặt mất 12 phút ở ca sáng và 15 phút ở ca chiều, dễ sai lệch và phải làm lại."


@dataclass
class Stage:
    """Makes cases as members do."""

    author: Person
    support: Person

    def case(self, **changes: str) -> str:
        body = content(UNIT, "evaluation", MEMBER_IDS[AUTHOR], **changes)
        made: str = submit(self.author, body)["id"]
        poll(f"case {made}", lambda: case(self.support, made, state="in_review"), seconds=120)
        return made

    def revised_case(self) -> str:
        """A case whose problem was asked about and rewritten."""
        made = self.case()
        item = {"pointer": "#/problem", "code": "too-vague", "text": "Nêu rõ thời gian của từng ca."}
        decide(self.support, made, 1, {"decision": "request_revision", "items": [item]})
        seen: dict[str, Any] = poll(
            "revision requested", lambda: in_state(self.author, made, "revision_requested"), seconds=120
        )
        body = {**seen["content"], "problem": BETTER}
        self.author.post(f"{INITIATIVES}/{made}/submit", body, **{"If-Match": f'"{seen["version"]}"'})
        poll(
            "the second revision",
            lambda: case(self.support, made, revision=2, state="in_review"),
            seconds=120,
        )
        return made


@pytest.fixture(scope="module")
def stage(portal: Portal) -> Iterator[Stage]:
    with Person(portal.platform, AUTHOR) as author, Person(portal.platform, SUPPORT) as support:
        yield Stage(author, support)


@pytest.fixture(scope="module")
def revised(stage: Stage) -> str:
    return stage.revised_case()


@pytest.mark.parametrize("view", EVERY_VIEW, ids=str)
def test_the_desk_and_a_case_can_be_read_by_everyone(portal: Portal, revised: str, view: View) -> None:
    with portal.visit(SUPPORT, "/cases", view) as visit:
        page = visit.page
        expect(page.locator(f'a[data-case="{revised}"]')).to_be_visible()
        visit.look("review-queue")

        visit.open(f"/cases/{revised}")
        expect(page.locator('[data-pointer="#/problem"] ins').first).to_contain_text("ở ca sáng")
        expect(page.locator('[data-pointer="#/problem"] .asked')).to_contain_text("Nêu rõ thời gian")
        visit.look("review-case")

        page.keyboard.press("r")
        expect(page.locator("dialog[open]")).to_be_visible()
        visit.look("review-request")
        page.keyboard.press("Escape")
        page.keyboard.press("x")
        expect(page.locator("dialog[open]")).to_be_visible()
        visit.look("review-reject")


def test_two_reviewers_on_one_case_and_the_slower_one_is_told_and_loses_nothing(
    portal: Portal, stage: Stage
) -> None:
    made = stage.case()
    with (
        portal.visit(SUPPORT_ABOVE, f"/cases/{made}", DESK_VI) as slower,
        portal.visit(SUPPORT, f"/cases/{made}", DESK_VI) as faster,
    ):
        page = slower.page
        page.get_by_role("button", name="Từ chối").click()
        page.get_by_label("Lý do từ chối").select_option("not-new")
        page.get_by_label("Giải thích bằng văn bản").fill("Đã có ở phân xưởng 2 từ năm 2020.")

        faster.page.get_by_role("button", name="Xét hợp lệ").click()
        faster.page.get_by_role("button", name="Xác nhận hợp lệ").click()
        expect(faster.page.get_by_role("status").filter(has_text="Đã xét hợp lệ")).to_be_visible()

        page.get_by_role("button", name="Từ chối sáng kiến").click()
        told = page.locator("dialog").get_by_role("alert")
        expect(told).to_contain_text("Đã có người quyết định trước")
        expect(told).to_contain_text("xét hợp lệ")
        expect(page.get_by_label("Giải thích bằng văn bản")).to_have_value(
            "Đã có ở phân xưởng 2 từ năm 2020."
        )
        slower.look("review-overtaken")

        page.get_by_role("button", name="Tải lại hồ sơ").click()
        expect(page.get_by_role("button", name="Từ chối")).to_have_count(0)
        expect(page.locator(".history")).to_contain_text("Xét hợp lệ")


def test_the_queue_can_be_worked_through_by_keyboard_alone(portal: Portal, stage: Stage) -> None:
    made = {stage.case(title=f"Bảng phím bấm cho trạm cân số {number}") for number in (1, 2)}
    with portal.visit(SUPPORT, "/cases?q=phim+bam", DESK_EN) as visit:
        page = visit.page
        for one in made:
            expect(page.locator(f'a[data-case="{one}"]')).to_be_visible()
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("k")
        first = page.locator("a[data-case]").first
        expect(first).to_be_focused()
        title = first.inner_text()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        page.keyboard.press("n")
        expect(page.get_by_role("heading", level=1)).not_to_have_text(title)
        page.keyboard.press("p")
        expect(page.get_by_role("heading", level=1)).to_have_text(title)

        page.keyboard.press("v")
        confirm = page.locator("dialog").get_by_role("button", name="Validate")
        confirm.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").filter(has_text="is validated")).to_be_visible()
        expect(page.get_by_role("heading", level=1)).not_to_have_text(title)
        page.keyboard.press("u")
        expect(page.get_by_role("heading", level=1)).to_have_text("Review desk")


# Tells at each change of a page what stands in it, before it is painted and before anything later could run.
AT_ONCE = """act => {
  const watch = new MutationObserver(() => { if (acts[act]()) watch.disconnect(); });
  const heading = document.querySelector("h1").textContent;
  const acts = {
    back: () => {
      if (document.querySelector("h1")?.textContent === heading) return false;
      window.left = true;
      document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "p", bubbles: true}));
      return true;
    },
    dialog: () => {
      const dialog = document.querySelector("dialog:has(button)");
      if (dialog) window.dialog = [dialog.open, dialog.contains(document.activeElement)];
      return dialog !== null;
    },
  };
  watch.observe(document.body, {subtree: true, childList: true, characterData: true});
}"""


def test_no_key_is_lost_however_soon_it_is_pressed(portal: Portal, stage: Stage) -> None:
    for number in (1, 2):
        stage.case(title=f"Giá treo ống mềm cho xe bồn số {number}")
    with portal.visit(SUPPORT, "/cases?q=ong+mem", DESK_EN) as visit:
        page = visit.page
        expect(page.locator("a[data-case]")).to_have_count(2)
        page.keyboard.press("o")
        heading = page.get_by_role("heading", level=1)
        expect(heading).to_contain_text("Giá treo ống mềm")
        title = heading.inner_text()

        page.evaluate(AT_ONCE, "back")
        page.keyboard.press("n")
        until(page, "window.left")
        expect(heading).to_have_text(title)

        page.evaluate(AT_ONCE, "dialog")
        page.keyboard.press("v")
        assert until(page, "window.dialog") == [True, True]


def test_keys_do_nothing_while_something_is_typed_or_when_they_are_switched_off(
    portal: Portal, revised: str
) -> None:
    with portal.visit(SUPPORT, "/cases?q=xv", DESK_EN) as visit:
        page = visit.page
        find = page.get_by_label("Find by title or code")
        find.fill("")
        find.press_sequentially("jxv")
        expect(find).to_have_value("jxv")
        expect(page).to_have_url(re.compile(r"#/cases\?q=jxv$"))

        visit.open(f"/cases/{revised}")
        page.get_by_text("Keyboard shortcuts", exact=True).click()
        page.get_by_label("Use keyboard shortcuts on this device").uncheck()
        page.get_by_role("heading", level=1).click()
        page.keyboard.press("v")
        expect(page.locator("dialog[open]")).to_have_count(0)


def test_what_the_server_finds_wrong_stands_at_its_field(portal: Portal, revised: str) -> None:
    with portal.visit(SUPPORT, f"/cases/{revised}", PHONE_VI) as visit:
        page = visit.page
        page.get_by_role("button", name="Từ chối").click()
        page.get_by_role("button", name="Từ chối sáng kiến").click()
        reason, text = page.get_by_label("Lý do từ chối"), page.get_by_label("Giải thích bằng văn bản")
        expect(reason).to_have_attribute("aria-invalid", "true")
        expect(text).to_have_attribute("aria-invalid", "true")
        expect(page.locator("dialog .error").first).to_contain_text("Hãy chọn một lý do")
        visit.look("review-faults")


def test_a_request_names_the_field_that_it_began_at(portal: Portal, stage: Stage) -> None:
    made = stage.case()
    with portal.visit(SUPPORT, f"/cases/{made}", DESK_VI) as visit:
        page = visit.page
        page.get_by_role("button", name="Yêu cầu sửa mục Tính mới").click()
        page.get_by_label("Cần sửa thế nào").fill("So sánh với đồ gá đang dùng.")
        page.get_by_role("button", name="Gửi yêu cầu").click()
        expect(page.get_by_role("status").filter(has_text="Đã gửi yêu cầu chỉnh sửa")).to_be_visible()

    seen: dict[str, Any] = poll(
        "revision requested", lambda: in_state(stage.author, made, "revision_requested"), seconds=120
    )
    history = case(stage.support, made)
    assert seen["state"] == "revision_requested"
    assert history is not None
    assert history["history"][-1]["items"] == [
        {"pointer": "#/novelty", "code": "too-vague", "text": "So sánh với đồ gá đang dùng."}
    ]


def test_without_the_submission_service_only_the_content_is_away(portal: Portal, revised: str) -> None:
    control = portal.platform.control
    with portal.visit(SUPPORT, "/cases", DESK_VI) as visit:
        page = visit.page
        expect(page.locator(f'a[data-case="{revised}"]')).to_be_visible()
        control.halt("submission-api")
        try:
            page.locator(f'a[data-case="{revised}"]').click()
            expect(page.locator(".case-content").get_by_role("alert")).to_contain_text(
                "Phần này tạm thời chưa phục vụ được"
            )
            expect(page.locator(".history")).to_contain_text("Yêu cầu chỉnh sửa")
            visit.look("review-content-away")
        finally:
            control.launch("submission-api")
        page.locator(".case-content").get_by_role("button", name="Thử lại").first.click()
        expect(page.locator('[data-pointer="#/problem"]')).to_contain_text("ở ca sáng")
