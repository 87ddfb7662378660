"""Reads the counters: each question is one find by ids, whatever the number of initiatives behind it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from stats.adapters.documents import figures_of, month_id, total_id
from stats.adapters.generations import Generations
from stats.application.ports import Counted, Series
from stats.domain.counting import ALL
from stats.domain.figures import month_of, up_to


class MongoFigures:
    """Implements application.ports.FiguresReader."""

    def __init__(self, generations: Generations) -> None:
        self._generations = generations

    def totals(self, generation: int, campaign: str, units: Collection[str]) -> dict[str, Counted]:
        by_id = {total_id(unit, campaign): unit for unit in units}
        counters = self._generations.counters(generation)
        found = counters.find(
            {"_id": {"$in": list(by_id)}}, {f"c.{ALL}": 1, "at": 1}, batch_size=len(by_id) + 1
        )
        return {
            by_id[document["_id"]]: Counted(figures_of(document["c"].get(ALL, {})), document.get("at"))
            for document in found
        }

    def as_of(self, generation: int, campaign: str, units: Collection[str], day: date) -> dict[str, Counted]:
        month = month_of(day)
        ids = [total_id(unit, campaign) for unit in units]
        ids += [month_id(unit, campaign, month) for unit in units]
        counters = self._generations.counters(generation)
        fields = {"m": 1, "at": 1, f"d.{ALL}": 1}
        # One batch, and one more than there can be: else the driver asks whether that was all.
        found = {
            document["_id"]: document
            for document in counters.find({"_id": {"$in": ids}}, fields, batch_size=len(ids) + 1)
        }
        counted = {}
        for unit in units:
            total = found.get(total_id(unit, campaign))
            if total is None:
                continue
            months = {name: figures_of(by_basis) for name, by_basis in total.get("m", {}).items()}
            days = found.get(month_id(unit, campaign, month), {}).get("d", {}).get(ALL, {})
            by_day = {int(number): figures_of(by_basis) for number, by_basis in days.items()}
            counted[unit] = Counted(up_to(day, months, by_day), total.get("at"))
        return counted

    def series(self, generation: int, campaign: str, unit: str, months: Collection[str]) -> Series:
        ids = [total_id(unit, campaign), *(month_id(unit, campaign, month) for month in months)]
        counters = self._generations.counters(generation)
        fields = {"m": 1, "at": 1, f"d.{ALL}": 1}
        sums, days, at = {}, {}, None
        for document in counters.find({"_id": {"$in": ids}}, fields, batch_size=len(ids) + 1):
            if document["_id"] == ids[0]:
                at = document.get("at")
                sums = {name: figures_of(by_basis) for name, by_basis in document.get("m", {}).items()}
                continue
            month = document["_id"].rpartition("|")[2]
            for number, by_basis in document.get("d", {}).get(ALL, {}).items():
                days[date.fromisoformat(f"{month}-{number}")] = figures_of(by_basis)
        return Series(sums, days, at)
