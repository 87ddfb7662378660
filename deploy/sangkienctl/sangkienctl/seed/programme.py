"""Loads what a programme needs before anyone registers: units, campaigns, contacts, targets."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from chassis.clock import LOCAL_ZONE
from sangkienctl.seed.api import Api, Refused, wait_for
from sangkienctl.seed.sample import Sample, SampleUnit

EVALUATION = "evaluation"
AT_ONCE = 4


def load_units(api: Api, sample: Sample, advance: Callable[[], None]) -> None:
    """Load the tree, parents first. A unit that was changed after it was loaded is not overwritten."""

    def load(unit: SampleUnit) -> None:
        _put_unless_changed(api, f"/api/submission/v1/units/{unit.code}", dict(unit.facts))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _, siblings in groupby(sorted(sample.units.values(), key=_depth), key=_depth):
            for _ in pool.map(load, siblings):
                advance()


def load_campaigns(api: Api, sample: Sample, today: datetime, advance: Callable[[], None]) -> None:
    """Load the campaigns; the one for evaluation opens on the day of the first loading and is not changed
    later."""
    for campaign in sample.campaigns:
        path = f"/api/submission/v1/campaigns/{campaign['id']}"
        if "relative" not in campaign:
            _put_unless_changed(api, path, {name: value for name, value in campaign.items() if name != "id"})
        elif _absent(api, path):
            api.put(path, evaluation_campaign(campaign, today))
        advance()


def evaluation_campaign(campaign: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The facts of a campaign whose window is relative to the day of loading (local time)."""
    opens = now.astimezone(LOCAL_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    closes = opens + timedelta(days=campaign["relative"]["open_days"])
    facts = {name: value for name, value in campaign.items() if name not in ("id", "relative")}
    return facts | {
        "opens_at": rfc3339(opens),
        "closes_at": rfc3339(closes),
        "eligible_to": str(closes.date()),
    }


def load_contacts(api: Api, sample: Sample, advance: Callable[[], None]) -> None:
    """Load the directory entries of the demo accounts."""
    for account in sample.accounts:
        api.put(f"/api/notify/v1/contacts/{account.member_id}", dict(account.directory))
        advance()


def load_targets(api: Api, sample: Sample, advance: Callable[[], None]) -> None:
    """Load the targets; existing ones are kept. Waits until the statistics know units and campaigns."""
    for target in sample.targets:
        path = f"/api/stats/v1/targets/{target['campaign']}/{target['unit']}"
        known = wait_for(f"the statistics know {path}", lambda path=path: _found(api, path))  # type: ignore[misc]
        if known.headers["ETag"] == '"0"':
            api.put(path, {"target": target["target"]}, version='"0"')
        advance()


def _depth(unit: SampleUnit) -> int:
    return len(unit.path)


def rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _put_unless_changed(api: Api, path: str, body: dict[str, Any]) -> None:
    try:
        api.put(path, body)
    except Refused as refused:
        # 428: it exists with other facts; somebody changed it on purpose.
        if refused.status != 428:
            raise


def _absent(api: Api, path: str) -> bool:
    return _found(api, path) is None


def _found(api: Api, path: str) -> Any:
    try:
        return api.get(path)
    except Refused as refused:
        if refused.status != 404:
            raise
        return None
