"""The two embedded engines read each other's files: a platform is stopped, started on the other engine, and
stopped and started on the first again. No figure changes, and everything goes on working.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sangkienctl.platform import Platform
from sangkienctl.seed import seed_programme
from tests.support.journey import MEMBER_IDS, Person, content, decide, in_state, poll, submit
from tests.support.mongo_servers import fast_engine_unavailable
from tests.support.platform import RunningPlatform

UNIT, CAMPAIGN = "HC-APATIT-VIET-NAM", "evaluation"
FIGURES = (
    f"/api/stats/v1/units/TLD/progress?campaign={CAMPAIGN}",
    f"/api/stats/v1/units/{UNIT}/progress?campaign={CAMPAIGN}",
    f"/api/stats/v1/units/CD-CONG-THUONG/children?campaign={CAMPAIGN}",
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    if (reason := fast_engine_unavailable()) is not None:
        pytest.skip(f"both engines are needed: {reason}")
    yield tmp_path / "home"
    Platform(tmp_path / "home").stop()


def started(home: Path, engine: str) -> RunningPlatform:
    return RunningPlatform(Platform(home, ports="auto", kafka="embedded", engine=engine).start())


def figures(platform: RunningPlatform) -> list[Any]:
    """What is published."""
    with platform.client() as client:
        return [client.get(path).raise_for_status().json() for path in FIGURES]


def approve_one_more(platform: RunningPlatform) -> None:
    with (
        Person(platform, "apatit.member") as author,
        Person(platform, "apatit.support") as support,
        Person(platform, "hoachat.reviewer") as reviewer,
    ):
        initiative = submit(author, content(UNIT, CAMPAIGN, MEMBER_IDS["apatit.member"]))["id"]
        decide(support, initiative, 1, {"decision": "validate"})
        decide(reviewer, initiative, 2, {"decision": "validate"})
        poll("approved", lambda: in_state(author, initiative, "approved"), seconds=60)


def wait_for_approved(platform: RunningPlatform, count: int) -> None:
    """Until so many are counted for the unit."""

    def counted() -> bool | None:
        with platform.client() as client:
            progress = client.get(FIGURES[1]).raise_for_status().json()
        return progress["bases"]["approved"]["count"] == count or None

    poll(f"{count} are counted", counted, seconds=60)


def test_switching_the_engine_back_and_forth_changes_no_figure(home: Path) -> None:
    platform = started(home, "fast")
    seed_programme(platform.control)
    approve_one_more(platform)
    wait_for_approved(platform, 1)

    for number, engine in enumerate(("python", "fast", "python", "fast"), start=2):
        before = figures(platform)
        platform.control.stop()
        platform = started(home, engine)

        assert platform.record["engine"] == engine
        assert figures(platform) == before
        assert platform.sangkienctl("stats", "reconcile").returncode == 0
        approve_one_more(platform)
        wait_for_approved(platform, number)
