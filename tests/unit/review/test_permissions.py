"""The permission table of review, walked: role x action x own, above, sibling, foreign unit x whose case."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from chassis.permissions import Resource
from chassis.problems import Problem
from chassis.tokens import Principal
from review.application.permissions import (
    DECIDE,
    LIST,
    PERMISSIONS,
    QUEUE,
    READ,
    acting,
    may_decide,
    may_read,
)
from review.application.queues import my_keys, waiting_under
from review.domain.case import Case
from review.domain.decisions import Actor
from review.domain.workflow import State
from tests.support.review_cases import ASK, AUTHOR, REJECT, VALIDATE, Submission, decided, opened, person

ROLES = ("member", "support", "reviewer", "official", "admin", "operator")
LEAF, ABOVE, SECTOR, NATION = "HC-APATIT-VIET-NAM", "CT-HOA-CHAT", "CD-CONG-THUONG", "TLD"
SIBLING, FOREIGN = "HC-KHAC", "LD-HA-NOI"
UNITS = (LEAF, ABOVE, SECTOR, NATION, SIBLING, FOREIGN)
ON_PATH = {LEAF, ABOVE, SECTOR, NATION}
STRANGER = "m-stranger01"


@dataclass(frozen=True)
class Allowed:
    """What the table promises: role -> the units whose grant allows the action."""

    units: dict[str, set[str]]
    owners_too: bool
    owners_never: bool


EVERYONE_ABOVE = {role: ON_PATH for role in ("support", "reviewer", "official", "admin")}
PROMISED = {
    READ: Allowed(EVERYONE_ABOVE, owners_too=True, owners_never=False),
    LIST: Allowed(EVERYONE_ABOVE, owners_too=False, owners_never=False),
    QUEUE: Allowed({role: set(UNITS) for role in ROLES}, owners_too=True, owners_never=False),
    # On the leaf's path: at level 1 the leaf decides.
    DECIDE + "support": Allowed({"support": ON_PATH}, owners_too=False, owners_never=True),
    DECIDE + "reviewer": Allowed({"reviewer": ON_PATH}, owners_too=False, owners_never=True),
}


def test_the_table_has_no_action_that_is_not_walked_here() -> None:
    assert set(PERMISSIONS.actions) == set(PROMISED)


@pytest.mark.parametrize("own", [False, True], ids=["other's case", "own case"])
@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", list(PROMISED))
def test_a_grant_allows_exactly_what_the_table_promises(action: str, role: str, unit: str, own: bool) -> None:
    promised = PROMISED[action]
    principal = person(AUTHOR if own else STRANGER, (role, unit))
    case = Resource(frozenset({AUTHOR}), Submission().path)

    expected = unit in promised.units.get(role, set())
    if own:
        expected = (expected or promised.owners_too) and not promised.owners_never
    assert PERMISSIONS.allows(principal, action, case) is expected


@pytest.mark.parametrize("action", list(PROMISED))
def test_who_is_not_signed_in_may_nothing(action: str) -> None:
    assert not PERMISSIONS.allows(None, action, Resource(frozenset(), Submission().path))


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("level", [1, 2])
def test_only_the_role_of_the_level_at_its_unit_or_above_decides(role: str, unit: str, level: int) -> None:
    case = opened() if level == 1 else decided(opened(), VALIDATE).case
    deciding_units = {1: {LEAF, ABOVE, SECTOR, NATION}, 2: {ABOVE, SECTOR, NATION}}[level]
    principal = person(STRANGER, (role, unit))

    expected = role == {1: "support", 2: "reviewer"}[level] and unit in deciding_units

    assert may_decide(principal, case) is expected
    assert bool(set(my_keys(principal, State.IN_REVIEW)) & set(waiting_under(case))) is expected
    if expected:
        assert acting(principal, case) == Actor(STRANGER, role, unit)
    else:
        with pytest.raises(Problem) as caught:
            acting(principal, case)
        assert caught.value.type.code == "forbidden"


def test_the_nearest_of_several_grants_is_the_one_that_is_recorded() -> None:
    principal = person(STRANGER, ("support", NATION), ("support", ABOVE), ("reviewer", LEAF))

    assert acting(principal, opened()).unit == ABOVE


def test_a_case_is_seen_by_its_authors_and_who_submitted_it() -> None:
    case = opened()

    assert all(may_read(person(owner), case) for owner in case.initiative.owners)
    assert not may_read(person(STRANGER, ("member", LEAF)), case)


@pytest.mark.parametrize(
    ("case", "state"),
    [(opened(), State.IN_REVIEW), (decided(opened(), ASK).case, State.REVISION_REQUESTED)],
)
def test_an_open_case_waits_in_the_queue_of_its_state_only(case: Case, state: State) -> None:
    principal: Principal = person(STRANGER, ("support", LEAF))

    found = {one for one in State if set(my_keys(principal, one)) & set(waiting_under(case))}

    assert found == {state}


def test_an_ended_case_waits_for_nobody() -> None:
    assert waiting_under(decided(opened(), REJECT).case) == []
