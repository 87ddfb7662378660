"""Sets a unit's target in a campaign. Who may do it is the entry point's question; this keeps the rules."""

from __future__ import annotations

from dataclasses import dataclass

from stats.application.count_initiatives import Clock
from stats.application.errors import TargetChangedError, UnknownCampaignError, UnknownUnitError
from stats.application.ports import Projection, ProjectionStore, Reference
from stats.domain.targets import Place, Target, TargetReached


@dataclass(frozen=True)
class SetTarget:
    """target: approved initiatives to reach, None takes it back; based_on: the version read."""

    place: Place
    target: int | None
    by: str
    based_on: int


def set_target(store: ProjectionStore, reference: Reference, command: SetTarget, clock: Clock) -> Target:
    """The stored target. A target that the count reaches already is announced at once.

    Raises UnknownUnitError, UnknownCampaignError, or TargetChangedError when somebody changed it meanwhile.
    """
    unit = reference.tree.get(command.place.unit)
    if unit is None:
        raise UnknownUnitError(command.place.unit)
    if command.place.campaign not in reference.campaigns:
        raise UnknownCampaignError(command.place.campaign)
    path = unit.path

    def work(projection: Projection) -> Target:
        current = projection.target(command.place) or Target(command.place, path)
        if current.version != command.based_on:
            raise TargetChangedError
        changed = current.set_to(command.target, path, command.by, clock())
        count = projection.approved([command.place]).get(command.place, 0)
        met = changed.met_by(count)
        if met is None or met.target is None:
            projection.save_target(changed, expected_version=current.version, reached=None)
            return changed
        news = TargetReached(met.place, met.unit_path, met.target, count, clock())
        projection.save_target(met, expected_version=current.version, reached=news)
        return met

    return store.transact(work, during_rebuild=True)


def read_target(store: ProjectionStore, reference: Reference, place: Place) -> Target:
    """The target as stored, at version 0 if there never was one. Raises as `set_target` does."""
    unit = reference.tree.get(place.unit)
    if unit is None:
        raise UnknownUnitError(place.unit)
    if place.campaign not in reference.campaigns:
        raise UnknownCampaignError(place.campaign)
    found = store.target(place)
    return found or Target(place, unit.path)
