"""The permission table, walked whole: role by action, own unit, subtree, sibling and foreign unit, own and
other's initiative. The expectation below is the specification.
"""

from __future__ import annotations

import itertools

import pytest

from chassis.permissions import Resource
from chassis.tokens import Grant, Principal
from submission.application.permissions import PERMISSIONS

ROLES = ("member", "support", "reviewer", "official", "admin", "operator")
PATH = ("TLD", "CD-CONG-THUONG", "CT-HOA-CHAT", "HC-APATIT-VIET-NAM")

# Where the grant is held, seen from the initiative's unit.
PLACES = {
    "own": PATH[-1],
    "above": PATH[1],
    "sibling": "HC-PIN-HA-NOI",
    "below": "HC-APATIT-DOI-1",
    "foreign": "LD-HA-NOI",
}
COVERED = {"own", "above"}

EVERYBODY = {"receipt.read", "showcase.read", "unit.read", "campaign.read"}
SIGNED_IN = {"initiative.list_own"}
OWNERS = {
    "initiative.read",
    "initiative.read_confidential",
    "initiative.edit",
    "initiative.submit",
    "initiative.withdraw",
    "initiative.delete",
}
BY_ROLE = {
    "member": set[str](),
    "support": {
        "initiative.create_on_behalf",
        "initiative.import",
        "initiative.read",
        "initiative.read_confidential",
        "initiative.list_unit",
    },
    "reviewer": {"initiative.read", "initiative.read_confidential", "initiative.list_unit"},
    "official": {"initiative.read", "initiative.list_unit"},
    "admin": {
        "initiative.import",
        "initiative.read",
        "initiative.read_confidential",
        "initiative.list_unit",
        "unit.rename",
        "unit.place",
        "campaign.change",
    },
    "operator": set[str](),
}


def _expected(role: str, place: str, own: bool) -> set[str]:
    allowed = EVERYBODY | SIGNED_IN
    if own:
        allowed |= OWNERS
    if place in COVERED:
        allowed |= BY_ROLE[role]
    if role == "member" and place == "own":
        allowed |= {"initiative.create"}
    return allowed


@pytest.mark.parametrize(("role", "place", "own"), list(itertools.product(ROLES, PLACES, (True, False))))
def test_a_role_may_exactly_what_the_table_says(role: str, place: str, own: bool) -> None:
    person = Principal("m-person0001", (Grant(role, PLACES[place]),))
    owners = frozenset({"m-person0001"} if own else {"m-other00001"})

    allowed = {
        action
        for action in PERMISSIONS.actions
        if PERMISSIONS.allows(person, action, Resource(owners=owners, path=PATH))
    }

    assert allowed == _expected(role, place, own)


@pytest.mark.parametrize("action", PERMISSIONS.actions)
def test_without_sign_in_only_what_is_public_is_allowed(action: str) -> None:
    assert PERMISSIONS.allows(None, action, Resource(path=PATH)) == (action in EVERYBODY)


@pytest.mark.parametrize("role", ROLES)
def test_nobody_watches_over_a_draft_which_has_no_path_yet(role: str) -> None:
    person = Principal("m-person0001", (Grant(role, "TLD"),))
    draft = Resource(owners=frozenset({"m-other00001"}))

    assert not PERMISSIONS.allows(person, "initiative.read", draft)
