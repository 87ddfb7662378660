"""The permission table: single requests, whole lists, and that the two always agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.permissions import ANYONE, OWNER, SIGNED_IN, PermissionTable, Resource, Scope, Who, role
from chassis.problems import Problem
from chassis.tokens import Grant, Principal

TABLE = PermissionTable(
    {
        "receipt.read": (ANYONE,),
        "unit.list": (SIGNED_IN,),
        "draft.write": (OWNER, role("support")),
        "case.decide": (role("reviewer", exact=True, not_owner=True),),
        "case.list": (role("reviewer", exact=True), role("official")),
        "nothing": (),
    }
)
PATH = ("TLD", "CD-CONG-THUONG", "HC-APATIT")


def holder(*grants: tuple[str, str], subject: str = "m-1") -> Principal:
    return Principal(subject, tuple(Grant(*grant) for grant in grants))


def test_anyone_may_do_what_is_public() -> None:
    assert TABLE.allows(None, "receipt.read", Resource())


def test_signed_in_means_a_principal_and_nothing_more() -> None:
    assert TABLE.allows(holder(), "unit.list")
    assert not TABLE.allows(None, "unit.list")


def test_an_owner_may_without_any_grant() -> None:
    assert TABLE.allows(holder(), "draft.write", Resource(frozenset({"m-1"}), PATH))
    assert not TABLE.allows(holder(), "draft.write", Resource(frozenset({"m-2"}), PATH))


@pytest.mark.parametrize(
    ("unit", "allowed"),
    [("TLD", True), ("CD-CONG-THUONG", True), ("HC-APATIT", True), ("LD-HA-NOI", False), ("HC", False)],
)
def test_a_role_covers_the_subtree_of_its_unit(unit: str, allowed: bool) -> None:
    assert TABLE.allows(holder(("support", unit)), "draft.write", Resource(path=PATH)) is allowed


def test_a_grant_of_another_role_gives_nothing() -> None:
    assert not TABLE.allows(holder(("member", "TLD")), "draft.write", Resource(path=PATH))


def test_a_role_reaches_nothing_that_has_no_unit() -> None:
    assert not TABLE.allows(holder(("support", "TLD")), "draft.write", Resource())


def test_an_exact_role_does_not_reach_below_its_unit() -> None:
    assert TABLE.allows(holder(("reviewer", "HC-APATIT")), "case.decide", Resource(path=PATH))
    assert not TABLE.allows(holder(("reviewer", "TLD")), "case.decide", Resource(path=PATH))


def test_nobody_decides_on_an_own_case() -> None:
    own = Resource(frozenset({"m-1"}), PATH)

    assert not TABLE.allows(holder(("reviewer", "HC-APATIT")), "case.decide", own)


def test_an_empty_rule_forbids_it_to_all() -> None:
    assert not TABLE.allows(holder(("admin", "TLD")), "nothing", Resource(path=PATH))


def test_a_refusal_asks_the_unknown_to_sign_in_and_forbids_it_to_the_known() -> None:
    with pytest.raises(Problem, match="not-authenticated"):
        TABLE.require(None, "draft.write", Resource(path=PATH))
    with pytest.raises(Problem, match="forbidden"):
        TABLE.require(holder(), "draft.write", Resource(path=PATH))
    TABLE.require(holder(("support", "TLD")), "draft.write", Resource(path=PATH))


def test_an_action_without_a_rule_is_a_bug_not_a_refusal() -> None:
    with pytest.raises(LookupError, match=r"draft\.burn"):
        TABLE.allows(holder(), "draft.burn", Resource())


def test_the_table_lists_its_actions_and_rules() -> None:
    assert TABLE.actions[:2] == ("receipt.read", "unit.list")
    assert TABLE.rules("receipt.read") == (ANYONE,)


def test_the_scope_of_a_role_is_the_subtrees_of_its_units() -> None:
    scope = TABLE.scope(holder(("support", "A"), ("support", "B"), ("official", "C")), "draft.write")

    assert scope == Scope(units=frozenset({"A", "B"}), own=True)


def test_the_scope_of_an_exact_role_stays_apart_from_subtrees() -> None:
    scope = TABLE.scope(holder(("reviewer", "A"), ("official", "B")), "case.list")

    assert scope == Scope(units=frozenset({"B"}), exact_units=frozenset({"A"}))


def test_without_a_principal_a_scope_is_everything_or_nothing() -> None:
    assert TABLE.scope(None, "receipt.read").everything
    assert TABLE.scope(None, "draft.write").nothing
    assert TABLE.scope(None, "unit.list").nothing
    assert TABLE.scope(holder(), "unit.list").everything


def test_a_conflict_of_interest_has_no_scope() -> None:
    with pytest.raises(ValueError, match="not_owner"):
        TABLE.scope(holder(("reviewer", "A")), "case.decide")


units = st.sampled_from(["A", "B", "C", "D"])
roles = st.sampled_from(["support", "reviewer"])
subjects = st.sampled_from(["m-1", "m-2"])
principals = st.none() | st.builds(
    Principal, subjects, st.lists(st.builds(Grant, roles, units), max_size=4).map(tuple)
)
resources = st.builds(
    Resource,
    st.frozensets(subjects, max_size=2),
    st.lists(units, max_size=3, unique=True).map(tuple),
)
ways = st.sampled_from([ANYONE, SIGNED_IN, OWNER]) | st.builds(role, roles, exact=st.booleans())
rules = st.lists(ways, max_size=3).map(tuple)


@given(rules, principals, resources)
def test_a_list_shows_exactly_what_single_requests_allow(
    ways: tuple[Who, ...], principal: Principal | None, resource: Resource
) -> None:
    table = PermissionTable({"act": ways})
    subject = None if principal is None else principal.subject

    assert table.scope(principal, "act").covers(subject, resource) is table.allows(principal, "act", resource)


@given(rules, principals, resources)
def test_an_empty_scope_allows_nothing(
    ways: tuple[Who, ...], principal: Principal | None, resource: Resource
) -> None:
    table = PermissionTable({"act": ways})

    if table.scope(principal, "act").nothing:
        assert not table.allows(principal, "act", resource)


@given(rules, principals, resources)
def test_a_further_grant_never_takes_a_right_away(
    ways: tuple[Who, ...], principal: Principal | None, resource: Resource
) -> None:
    table = PermissionTable({"act": ways})
    if principal is None or not table.allows(principal, "act", resource):
        return

    richer = Principal(principal.subject, (*principal.grants, Grant("support", "A")))
    assert table.allows(richer, "act", resource)


@given(roles, st.booleans(), principals, resources)
def test_an_owner_is_never_let_in_by_a_role_that_refuses_owners(
    name: str, exact: bool, principal: Principal | None, resource: Resource
) -> None:
    table = PermissionTable({"act": (role(name, exact=exact, not_owner=True),)})

    if principal is not None and principal.subject in resource.owners:
        assert not table.allows(principal, "act", resource)
