"""Who may do what to which resource: one table per service, used by requests, lists and tests. Rules are
data; this module never reads a database or a request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from chassis.problems import COMMON, Problem
from chassis.tokens import Principal


class _Kind(Enum):
    ANYONE = "anyone"
    SIGNED_IN = "signed in"
    OWNER = "owner"
    ROLE = "role"


@dataclass(frozen=True)
class Resource:
    """The object of an action. owners: subjects; path: unit codes, root first, empty if it has no unit."""

    owners: frozenset[str] = frozenset()
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class Who:
    """One rule that allows an action; created by ANYONE, SIGNED_IN, OWNER and `role`."""

    kind: _Kind
    role: str = ""
    exact: bool = False
    not_owner: bool = False

    def matches(self, principal: Principal | None, resource: Resource) -> bool:
        if self.kind is _Kind.ANYONE:
            return True
        if principal is None:
            return False
        if self.kind is _Kind.SIGNED_IN:
            return True
        if self.kind is _Kind.OWNER:
            return principal.subject in resource.owners
        if self.not_owner and principal.subject in resource.owners:
            return False
        units = resource.path[-1:] if self.exact else resource.path
        return any(grant.role == self.role and grant.unit in units for grant in principal.grants)


ANYONE = Who(_Kind.ANYONE)
SIGNED_IN = Who(_Kind.SIGNED_IN)
OWNER = Who(_Kind.OWNER)


def role(name: str, *, exact: bool = False, not_owner: bool = False) -> Who:
    """Holders of a grant of this role on a unit of the resource's path: the unit itself or one above it.

    exact: only on the resource's own unit; not_owner: never an owner of the resource (conflict of interest).
    """
    return Who(_Kind.ROLE, name, exact, not_owner)


@dataclass(frozen=True)
class Scope:
    """What a list may show to one principal.

    everything: no limit; units: roots of the subtrees; exact_units: these units without those below them;
    own: also what the principal owns.
    """

    everything: bool = False
    units: frozenset[str] = frozenset()
    own: bool = False
    exact_units: frozenset[str] = field(default=frozenset())

    @property
    def nothing(self) -> bool:
        return not (self.everything or self.units or self.own or self.exact_units)

    def covers(self, subject: str | None, resource: Resource) -> bool:
        """Whether a resource is within the scope of `subject`."""
        if self.everything or (self.own and subject in resource.owners):
            return True
        return not self.units.isdisjoint(resource.path) or not self.exact_units.isdisjoint(resource.path[-1:])


class PermissionTable:
    """The permissions of one service: action -> the rules that allow it; an empty tuple forbids it to all."""

    def __init__(self, rules: Mapping[str, tuple[Who, ...]]) -> None:
        self._rules = dict(rules)

    @property
    def actions(self) -> tuple[str, ...]:
        return tuple(self._rules)

    def rules(self, action: str) -> tuple[Who, ...]:
        """The rules of an action. Raises LookupError for an action that is not in the table: a bug, not a
        refusal."""
        try:
            return self._rules[action]
        except KeyError:
            raise LookupError(f"no permission rule for the action {action!r}") from None

    def allows(self, principal: Principal | None, action: str, resource: Resource = Resource()) -> bool:
        return any(who.matches(principal, resource) for who in self.rules(action))

    def require(self, principal: Principal | None, action: str, resource: Resource = Resource()) -> None:
        """Unless it is allowed, raises the problem `not-authenticated` without a principal, `forbidden` with
        one."""
        if self.allows(principal, action, resource):
            return
        raise Problem(COMMON["not-authenticated" if principal is None else "forbidden"])

    def scope(self, principal: Principal | None, action: str) -> Scope:
        """What a list of this action may show: exactly the resources that `allows` allows.

        Raises ValueError for an action with a not_owner rule: a scope could only widen it, so a list needs a
        separate action.
        """
        rules = self.rules(action)
        if any(who.not_owner for who in rules):
            raise ValueError(f"the action {action!r} has a not_owner rule and no scope")
        if ANYONE in rules or (principal is not None and SIGNED_IN in rules):
            return Scope(everything=True)
        if principal is None:
            return Scope()
        wide, exact = set[str](), set[str]()
        for who in rules:
            if who.kind is _Kind.ROLE:
                (exact if who.exact else wide).update(principal.units(who.role))
        return Scope(units=frozenset(wide), own=OWNER in rules, exact_units=frozenset(exact))
