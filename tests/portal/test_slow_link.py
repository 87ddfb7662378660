"""Over a slow link (400 ms, 400 kbit/s) every page comes to its end, asks for little, and does not jump while
it loads.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.portal import PHONE_VI, Portal, Visit
from tests.support.portal_story import AUTHOR, Story

pytestmark = pytest.mark.tiers("embedded")

LATENCY_MS = 400
BYTES_A_SECOND = 400_000 / 8
# Of the first load of a page, compressed: what is promised to a member who pays by the megabyte.
MOST_SCRIPT = 120 * 1024
# Cumulative layout shift, as the Layout Instability API defines it; web.dev calls 0.1 good.
MOST_SHIFT = 0.05

NOTE_SHIFTS = """
window.shifts = [];
new PerformanceObserver(list => {
  for (const entry of list.getEntries())
    if (!entry.hadRecentInput)
      window.shifts.push({
        value: entry.value,
        at: Math.round(entry.startTime),
        of: entry.sources.map(one => [one.node?.outerHTML?.slice(0, 90), one.previousRect.y]),
      });
}).observe({type: "layout-shift", buffered: true});
"""
SCRIPT_BYTES = """
performance.getEntriesByType("resource").filter(one => one.name.endsWith(".js"))
  .reduce((sum, one) => sum + one.encodedBodySize, 0)
"""


def slow_down(page: Page) -> None:
    link = page.context.new_cdp_session(page)
    link.send("Network.enable")
    # A cheap phone that opens the portal for the first time has nothing in its cache.
    link.send("Network.setCacheDisabled", {"cacheDisabled": True})
    speed = {"downloadThroughput": BYTES_A_SECOND, "uploadThroughput": BYTES_A_SECOND}
    link.send("Network.emulateNetworkConditions", {"offline": False, "latency": LATENCY_MS, **speed})
    page.add_init_script(NOTE_SHIFTS)


def loaded_without_a_jump(visit: Visit, what: str) -> None:
    """After a reload: what is there in the end, no skeleton left, and hardly anything that moved."""
    page = visit.page
    page.reload()
    expect(page.locator(what).first).to_be_visible()
    expect(page.locator("main .skeleton")).to_have_count(0)
    shifts = page.evaluate("window.shifts")
    assert sum(one["value"] for one in shifts) <= MOST_SHIFT, shifts


def test_the_front_page_comes_over_a_slow_link(portal: Portal, story: Story) -> None:
    with portal.visit(None, "/", PHONE_VI) as visit:
        slow_down(visit.page)
        loaded_without_a_jump(visit, ".headline .big strong")
        assert visit.page.evaluate(SCRIPT_BYTES) <= MOST_SCRIPT
        expect(visit.page.locator(".uplot")).to_be_visible()


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("/initiatives", ".tile"),
        ("/initiatives/{revision}", ".timeline li"),
        ("/inbox", ".messages li"),
        ("/submit", ".writing"),
        ("/preferences", "input[type=checkbox]"),
    ],
)
def test_a_members_page_comes_over_a_slow_link(portal: Portal, story: Story, address: str, what: str) -> None:
    with portal.visit(AUTHOR, address.format(revision=story.revision), PHONE_VI) as visit:
        expect(visit.page.locator(what).first).to_be_visible()
        slow_down(visit.page)
        loaded_without_a_jump(visit, what)


def test_the_queue_comes_over_a_slow_link(portal: Portal, story: Story) -> None:
    with portal.visit("apatit.support", "/cases", PHONE_VI) as visit:
        expect(visit.page.locator("table.cards tbody tr").first).to_be_visible()
        slow_down(visit.page)
        loaded_without_a_jump(visit, "table.cards tbody tr")


def test_what_is_typed_over_a_slow_link_is_in_the_draft(portal: Portal, story: Story) -> None:
    with portal.visit("apatit.member3", "/submit", PHONE_VI) as visit:
        page = visit.page
        slow_down(page)
        page.locator(".steps button, .steps a").nth(1).click()
        title = page.locator("textarea").first
        title.fill("Giảm hao hụt quặng khi sàng")
        expect(page.locator(".save-note")).to_have_text("Đã lưu bản nháp")
        page.reload()
        expect(page.locator("textarea").first).to_have_value("Giảm hao hụt quặng khi sàng")
