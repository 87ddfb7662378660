"""The permission table of stats, walked: role x action x own, above, sibling, foreign unit."""

from __future__ import annotations

import pytest

from chassis.tokens import Grant, Principal
from stats.application.permissions import PERMISSIONS, READ_FIGURES, READ_TARGET, SET_TARGET, allotting
from tests.support.unit_trees import unit

ROLES = ("member", "support", "reviewer", "official", "admin", "operator")
NATION, SECTOR, ABOVE, LEAF = "TLD", "CD-CONG-THUONG", "CT-HOA-CHAT", "HC-APATIT-VIET-NAM"
BELOW, SIBLING, FOREIGN = "HC-APATIT-MO-CAM", "HC-SUPE-LAM-THAO", "LD-HA-NOI"
UNITS = (NATION, SECTOR, ABOVE, LEAF, BELOW, SIBLING, FOREIGN)

# Role -> the units whose grant lets it set the target of LEAF: those above it, and never itself.
MAY_SET = {"official": {NATION, SECTOR, ABOVE}, "admin": {NATION, SECTOR, ABOVE}}


def holder(role: str, unit: str) -> Principal:
    return Principal("m-0123456789", (Grant(role, unit),))


OF_LEAF = allotting(unit(NATION, SECTOR, ABOVE, LEAF))


def test_the_table_has_no_action_that_is_not_walked_here() -> None:
    assert set(PERMISSIONS.actions) == {READ_FIGURES, READ_TARGET, SET_TARGET}


@pytest.mark.parametrize("granted", UNITS)
@pytest.mark.parametrize("role", ROLES)
def test_a_target_is_set_from_above_only(role: str, granted: str) -> None:
    allowed = PERMISSIONS.allows(holder(role, granted), SET_TARGET, OF_LEAF)

    assert allowed == (granted in MAY_SET.get(role, set()))


@pytest.mark.parametrize("role", ROLES)
def test_the_nation_sets_its_own_target(role: str) -> None:
    of_nation = allotting(unit(NATION))

    assert PERMISSIONS.allows(holder(role, NATION), SET_TARGET, of_nation) == (role in MAY_SET)
    assert not PERMISSIONS.allows(holder(role, SECTOR), SET_TARGET, of_nation)


@pytest.mark.parametrize("action", [READ_FIGURES, READ_TARGET])
@pytest.mark.parametrize("role", ROLES)
def test_figures_and_targets_are_public(role: str, action: str) -> None:
    assert PERMISSIONS.allows(None, action, OF_LEAF)
    assert PERMISSIONS.allows(holder(role, FOREIGN), action, OF_LEAF)


def test_nobody_sets_a_target_without_a_grant() -> None:
    assert not PERMISSIONS.allows(None, SET_TARGET, OF_LEAF)
    assert not PERMISSIONS.allows(Principal("m-0123456789"), SET_TARGET, OF_LEAF)
