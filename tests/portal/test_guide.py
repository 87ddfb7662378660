"""The pictures of the guide docs/how-to/use-the-portal.vi.md. `PORTAL_GUIDE=1` writes them anew from
the portal as it is; otherwise it is checked that each picture that the guide shows is there and small.
"""

from __future__ import annotations

import os
import re

import pytest
from playwright.sync_api import expect

from tests.support.portal import DESK_VI, PHONE_VI, ROOT, Portal
from tests.support.portal_story import AUTHOR, Story

pytestmark = pytest.mark.tiers("embedded")

GUIDE = ROOT / "docs/how-to/use-the-portal.vi.md"
PICTURES = ROOT / "docs/how-to/pictures"
MOST_BYTES = 120_000


def test_every_picture_of_the_guide_is_there_and_small() -> None:
    shown = set(re.findall(r"\(pictures/([\w.-]+)\)", GUIDE.read_text(encoding="utf-8")))

    assert shown == {file.name for file in PICTURES.iterdir()}
    assert [file.name for file in PICTURES.iterdir() if file.stat().st_size > MOST_BYTES] == []


@pytest.mark.skipif(not os.environ.get("PORTAL_GUIDE"), reason="PORTAL_GUIDE=1 writes the pictures anew")
def test_the_guide_is_pictured(portal: Portal, story: Story) -> None:
    with portal.visit(None, "/", DESK_VI) as visit:
        expect(visit.page.locator(".uplot")).to_be_visible()
        visit.page.screenshot(path=PICTURES / "front.png")
    with portal.visit(AUTHOR, "/initiatives", PHONE_VI) as visit:
        page = visit.page
        expect(page.locator(".tile").first).to_be_visible()
        page.screenshot(path=PICTURES / "mine.png")
        visit.open(f"/initiatives/{story.revision}")
        expect(page.locator(".timeline li").nth(1)).to_be_visible()
        page.screenshot(path=PICTURES / "revision.png")
        visit.open(f"/submit/{story.revision}?step=content")
        page.locator("[data-pointer='#/solution']").scroll_into_view_if_needed()
        page.screenshot(path=PICTURES / "revise.png")
        visit.open("/inbox")
        expect(page.locator(".messages li").first).to_be_visible()
        page.screenshot(path=PICTURES / "inbox.png")
    with portal.visit("apatit.member3", "/submit", PHONE_VI) as visit:
        page = visit.page
        expect(page.locator(".writing")).to_be_visible()
        page.screenshot(path=PICTURES / "submit.png")
        address = page.url.partition("#")[2].partition("?")[0]
        visit.open(f"{address}?step=benefit")
        page.locator("input[value=money]").check()
        page.locator("input[inputmode=numeric]").fill("16000000000")
        page.locator(".note", has_text="tỷ").scroll_into_view_if_needed()
        page.screenshot(path=PICTURES / "benefit.png")
