"""Loads the whole sample, with progress, and waits until everything is counted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime, time, timedelta
from typing import Any

from rich.console import Console

from chassis.clock import LOCAL_ZONE, utc_now
from sangkienctl.home import PlatformError, write_atomically
from sangkienctl.platform import Platform
from sangkienctl.screen import counted
from sangkienctl.seed import growth, reviewing
from sangkienctl.seed.api import OPERATOR, Api, Target, wait_for
from sangkienctl.seed.programme import (
    EVALUATION,
    load_campaigns,
    load_contacts,
    load_targets,
    load_units,
    rfc3339,
)
from sangkienctl.seed.sample import Sample, SampleInitiative

INITIATIVES = "/api/submission/v1/initiatives"
MOST_BY_MEMBERS = 24
DECLARED = {"not_recognised_elsewhere": True, "lawful": True, "no_ip_conflict": True}
QUIET = Console(quiet=True)


def seed_once(platform: Platform, console: Console) -> None:
    """Load the sample, unless this home already has it."""
    mark = platform.home.data / "sample-loaded"
    if not mark.exists():
        seed_sample(platform, console)
        mark.touch()


def seed_programme(platform: Target, console: Console = QUIET) -> None:
    """Units, campaigns, contacts and targets; no initiatives."""
    sample = Sample()
    with Api(platform) as api:
        with counted(console, "units", len(sample.units)) as bar:
            load_units(api, sample, bar.advance)
        with counted(console, "campaigns", len(sample.campaigns)) as bar:
            load_campaigns(api, sample, utc_now(), bar.advance)
        with counted(console, "contacts", len(sample.accounts)) as bar:
            load_contacts(api, sample, bar.advance)
        with counted(console, "targets", len(sample.targets)) as bar:
            load_targets(api, sample, bar.advance)


def seed_sample(platform: Target, console: Console = QUIET) -> None:
    """The programme, a part of the real initiatives, and some reviews."""
    seed_programme(platform, console)
    sample = Sample()
    published = [entry for entry in sample.initiatives if _imported_on(entry) is not None]
    others = [entry for entry in sample.initiatives if _imported_on(entry) is None][:MOST_BY_MEMBERS]
    with Api(platform) as api:
        applied_on = _eligible_day(api)
        with counted(console, "initiatives", len(published) + len(others)) as bar:
            made: list[str] = []
            for index, entry in enumerate(others):
                made.append(_register_as_member(api, sample, entry, index, applied_on))
                bar.advance()
            for entry in published:
                body = _import_body(entry)
                api.post(INITIATIVES, body, key=_key(entry))
                bar.advance()
        with counted(console, "reviews", len(made)) as bar:
            for index, initiative in enumerate(made):
                reviewing.drive(api, sample, initiative, reviewing.FATES[index % len(reviewing.FATES)])
                bar.advance()
        _wait_counted(api, EVALUATION, len(made))


def seed_growth(platform: Platform, console: Console, count: int, connections: int) -> None:
    """`count` more initiatives along the published growth, imported, and a share of them validated.

    An interrupted run continues where it stopped: when started again, its batch has the same keys.
    """
    sample = Sample()
    state = platform.home.data / "seed-batches.json"
    batches: dict[str, Any] = json.loads(state.read_text()) if state.exists() else {"done": 0, "open": None}
    if batches["open"] not in (None, count):
        raise PlatformError(
            f"a batch of {batches['open']} initiatives was interrupted; "
            f"complete it first: `sangkienctl seed --initiatives {batches['open']}`"
        )
    batch = batches["done"] + 1
    write_atomically(state, json.dumps({**batches, "open": count}))
    with Api(platform, connections) as api, ThreadPoolExecutor(connections) as pool:
        # An interrupted run may have sent some of the batch: count from before its first start.
        before = batches.get("before") if batches["open"] else None
        if before is None:
            before = _count(api, growth.PHASE_1, "submitted")
            write_atomically(state, json.dumps({**batches, "open": count, "before": before}))
        _import_and_review(api, pool, sample, console, count, batch)
        console.print("waiting until all are counted …")
        _wait_counted(api, growth.PHASE_1, before + count, seconds=600)
    write_atomically(state, json.dumps({"done": batch, "open": None}))


def _import_and_review(
    api: Api, pool: ThreadPoolExecutor, sample: Sample, console: Console, count: int, batch: int
) -> None:
    units = [unit for unit in sample.units.values() if unit.level == "grassroots"]
    reviewable = frozenset(unit.code for unit in units if _reviewable(sample, unit.path))

    def send(number: int) -> tuple[str, growth.Grown]:
        grown = growth.grow(number, count, batch, units, sample.initiatives, reviewable)
        answer = api.post(INITIATIVES, grown.body, key=f"grown-{batch}-{number}")
        return str(answer.json()["id"]), grown

    def review(made: tuple[str, growth.Grown]) -> bool:
        initiative, grown = made
        dates = [grown.registered_at + later for later in (growth.CHECK_AFTER, growth.VALIDATE_AFTER)]
        return reviewing.drive(api, sample, initiative, reviewing.APPROVED, dates)

    to_review: list[tuple[str, growth.Grown]] = []
    with counted(console, "initiatives", count) as bar:
        for made in _parallel(pool, send, range(count)):
            if made[1].validated:
                to_review.append(made)
            bar.advance()
    with counted(console, "reviews", len(to_review)) as bar:
        for _ in _parallel(pool, review, to_review):
            bar.advance()


def _parallel(pool: ThreadPoolExecutor, work: Any, inputs: Any) -> Iterator[Any]:
    """Yields results as they arrive, with a bounded number of inputs in progress; stops at the first
    failure."""
    running: set[Future[Any]] = set()
    for value in inputs:
        running.add(pool.submit(work, value))
        if len(running) >= 64:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    for future in running:
        yield future.result()


def _reviewable(sample: Sample, path: tuple[str, ...]) -> bool:
    nobody: frozenset[str] = frozenset()
    return (
        sample.decider("support", path, nobody) is not None
        and sample.decider("reviewer", path[:-1], nobody) is not None
    )


# ── bodies ──


def _register_as_member(
    api: Api, sample: Sample, entry: SampleInitiative, index: int, applied_on: str
) -> str:
    members = sample.members()
    account, unit = members[index % len(members)]
    authors: list[dict[str, Any]] = [{"member_id": account.member_id, "share": "100.00", "lead": True}]
    colleagues = [other for other, where in members if where == unit and other != account]
    if colleagues and index % 3 == 0:
        authors[0]["share"] = "60.00"
        authors.append({"member_id": colleagues[0].member_id, "share": "40.00", "lead": False})
    body = _body(entry, unit.code, EVALUATION, authors, applied_on) | {"submit": True}
    return str(api.post(INITIATIVES, body, key=_key(entry), user=account.username).json()["id"])


def _import_body(entry: SampleInitiative) -> dict[str, Any]:
    moment = _imported_on(entry)
    if moment is None or entry.unit is None:
        raise ValueError(f"{entry.title!r} has no day within the programme")
    campaign = "phase-1" if moment < datetime(2022, 5, 31, 17, tzinfo=UTC) else "phase-2"
    authors = [{"external_name": "Tập thể tác giả", "share": "100.00", "lead": True}]
    applied_on = str((moment - timedelta(days=60)).date())
    body = _body(entry, entry.unit, campaign, authors, applied_on)
    return body | {"submit": True, "source": "import", "registered_at": rfc3339(moment)}


def _imported_on(entry: SampleInitiative) -> datetime | None:
    """A day of the programme for initiatives applied in its years; the same day for the same initiative."""
    if entry.unit is None or entry.year not in (2022, 2023):
        return None
    first, last = {
        2022: (datetime(2022, 1, 8), datetime(2022, 5, 30)),
        2023: (datetime(2023, 1, 2), datetime(2023, 8, 30)),
    }[entry.year]
    days = int(_key(entry)[-8:], 16) % (last - first).days
    return datetime.combine(first.date() + timedelta(days=days), time(9, 30), LOCAL_ZONE).astimezone(UTC)


def _body(
    entry: SampleInitiative, unit: str, campaign: str, authors: Sequence[dict[str, Any]], applied_on: str
) -> dict[str, Any]:
    return {
        "title": entry.title,
        "solution_type": entry.solution_type,
        "field": entry.field,
        "unit": unit,
        "campaign": campaign,
        "authors": authors,
        "problem": "Cách làm cũ tốn nhiều công, vật tư và khó bảo đảm chất lượng.",
        "solution": entry.summary,
        "novelty": "Lần đầu áp dụng tại đơn vị.",
        "applicability": "Áp dụng được cho các bộ phận có cùng công việc.",
        "applied_where": None,
        "conditions": None,
        "first_applied_on": applied_on,
        "benefit": {
            "declared_vnd": entry.benefit,
            "method": "Theo công bố của đơn vị" if entry.benefit is not None else None,
            "social": None if entry.benefit is not None else "Nâng cao chất lượng và an toàn trong công việc",
            "confirmed": entry.benefit is not None,
        },
        "recognition": None,
        "declarations": DECLARED,
        "confidential": False,
        "consent_to_publish": True,
        "on_behalf_of": None,
    }


def _key(entry: SampleInitiative) -> str:
    text = f"{entry.title}|{entry.unit}|{entry.year}"
    return f"sample-{hashlib.sha256(text.encode()).hexdigest()[:40]}"


# ── what the platform says ──


def _eligible_day(api: Api) -> str:
    """A day of first application that is eligible now; the same at each loading."""
    campaigns = api.get("/api/submission/v1/campaigns").json()
    listed = campaigns["items"] if isinstance(campaigns, dict) else campaigns
    (evaluation,) = [campaign for campaign in listed if campaign["id"] == EVALUATION]
    return str(evaluation["eligible_from"])


def _count(api: Api, campaign: str, basis: str) -> int:
    answer = api.get("/api/stats/v1/units/TLD/progress", OPERATOR, campaign=campaign, basis=basis)
    return int(answer.json()["count"])


def _wait_counted(api: Api, campaign: str, at_least: int, seconds: float = 120) -> None:
    def enough() -> bool | None:
        return True if _count(api, campaign, "submitted") >= at_least else None

    wait_for(f"{at_least} initiatives are counted in {campaign}", enough, seconds)


__all__ = ["seed_growth", "seed_once", "seed_programme", "seed_sample"]
