"""The documented example of an integrator's consumer works as it stands against a running platform."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.support.journey import MEMBER_IDS, Person, content, decide, in_state, poll, submit
from tests.support.platform import RunningPlatform

# An integrator's consumer stands beside the broker, which a platform in Docker shows to nobody outside.
pytestmark = pytest.mark.tiers("embedded", "apache")

EXAMPLE = Path(__file__).resolve().parents[2] / "docs/how-to/examples/count_approvals.py"
UNIT, CAMPAIGN = "HNI-CANON-VIET-NAM", "evaluation"


def test_the_example_counts_an_approval_once(seeded_platform: RunningPlatform) -> None:
    before = counted(seeded_platform).get("LD-HA-NOI", 0)
    with (
        Person(seeded_platform, "canon.member") as author,
        Person(seeded_platform, "canon.support") as support,
        Person(seeded_platform, "hanoikcn.reviewer") as reviewer,
    ):
        initiative = submit(author, content(UNIT, CAMPAIGN, MEMBER_IDS["canon.member"]))["id"]
        decide(support, initiative, 1, {"decision": "validate"})
        decide(reviewer, initiative, 2, {"decision": "validate"})
        poll("approved", lambda: in_state(author, initiative, "approved"))

    assert counted(seeded_platform)["LD-HA-NOI"] == before + 1


def counted(platform: RunningPlatform) -> dict[str, int]:
    run = subprocess.run(
        [sys.executable, str(EXAMPLE)],
        env={
            **os.environ,
            "KAFKA_BOOTSTRAP": platform.kafka_bootstrap,
            "GROUP": f"example-{uuid.uuid4()}",
            "IDLE_MS": "5000",
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return {federation: int(count) for federation, count in map(str.split, run.stdout.splitlines())}
