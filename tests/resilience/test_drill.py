"""A short drill on each tier; and the proof, on the embedded one, that its checker finds what it is there to
find. `make drill` runs longer and rougher ones.
"""

from __future__ import annotations

import pytest

from tests.resilience.drill import plan
from tests.resilience.drill.clients import roles
from tests.resilience.drill.faults import SCENARIOS, FaultStage, held_up_rebuild
from tests.resilience.drill.runner import Drill, Stage

SEED = "tet"
# What each planted fault must at least be found by.
FOUND_BY = {
    "version-gate-off": {"statistics"},
    "offset-committed-early": {"cases"},
    "lease-without-fencing": {"statistics"},
    "outbox-row-dropped": {"cases", "events"},
}


def test_a_round_of_kills_loses_nothing_and_doubles_nothing(own_drill_stage: Stage) -> None:
    drill = Drill(own_drill_stage, SEED, plan.SHORT, roles(authors=2, reviewers=1, rate=2))

    result = drill.round(1)

    assert result.findings == []
    assert {"kill", "poison"} <= {disturbance.kind for disturbance, _ in result.done}
    assert result.acts["submit"] > 0


@pytest.fixture(scope="module")
def fault_stage(own_drill_stage: Stage) -> FaultStage:
    return FaultStage(own_drill_stage)


@pytest.mark.tiers("embedded")
def test_the_checker_finds_nothing_wrong_with_a_fenced_rebuild_that_was_held_up(
    fault_stage: FaultStage,
) -> None:
    code, findings = held_up_rebuild(fault_stage, "held-up-before-the-switch")

    assert (code, findings) == (75, [])


@pytest.mark.tiers("embedded")
@pytest.mark.parametrize("fault", SCENARIOS)
def test_the_checker_finds_a_planted_fault(fault_stage: FaultStage, fault: str) -> None:
    findings = SCENARIOS[fault](fault_stage)

    assert FOUND_BY[fault] <= {finding.rule for finding in findings}


@pytest.mark.parametrize("profile", [plan.SHORT, plan.ROUND, plan.LONG])
def test_a_round_is_drawn_from_its_seed_and_number_alone(profile: plan.Profile) -> None:
    first = plan.draw(SEED, 7, profile)

    assert plan.draw(SEED, 7, profile) == first
    assert plan.draw(SEED, 8, profile) != first
    assert all(disturbance.at <= profile.seconds for disturbance in first)
