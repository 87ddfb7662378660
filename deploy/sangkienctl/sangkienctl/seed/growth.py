"""The published growth of phase 1 as a pure function, and invented initiatives along it. The random seed is
an argument; no code here sends or reads anything.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from sangkienctl.seed.sample import SampleInitiative, SampleUnit

PHASE_1 = "phase-1"

# (time, share of the final count reached by then). Local midnights of Asia/Ho_Chi_Minh are 17:00 UTC of the
# day before. Published: the last 20 days brought about 300 to 400 of 697 thousand, the last hours more than
# any before; VUIT had reached 2,000 of 5,400 on 13/5.
CURVE: tuple[tuple[datetime, float], ...] = (
    (datetime(2022, 1, 7, 17, tzinfo=UTC), 0.0),
    (datetime(2022, 2, 28, 17, tzinfo=UTC), 0.05),
    (datetime(2022, 4, 21, 17, tzinfo=UTC), 0.22),
    (datetime(2022, 5, 11, 17, tzinfo=UTC), 0.44),
    (datetime(2022, 5, 25, 17, tzinfo=UTC), 0.72),
    (datetime(2022, 5, 30, 17, tzinfo=UTC), 0.88),
    (datetime(2022, 5, 31, 11, tzinfo=UTC), 0.95),
    (datetime(2022, 5, 31, 17, tzinfo=UTC), 1.0),
)

# 67 % of the initiatives submitted in 2021 were valid after review.
VALID_SHARE = 0.67
CHECK_AFTER = timedelta(days=3)
VALIDATE_AFTER = timedelta(days=9)


@dataclass(frozen=True)
class Grown:
    """One invented initiative. body: for POST, with registered_at; validated: whether review approves it."""

    number: int
    registered_at: datetime
    unit: SampleUnit
    body: dict[str, Any]
    validated: bool


def moment(share: float) -> datetime:
    """When the count reached this share (0 ≤ share < 1) of the final one; UTC, to the millisecond."""
    if not 0 <= share < 1:
        raise ValueError(f"a share of {share} is not within 0..1")
    reached = [point[1] for point in CURVE]
    index = bisect.bisect_right(reached, share) - 1
    (begin, low), (end, high) = CURVE[index], CURVE[index + 1]
    exact = begin + (end - begin) * ((share - low) / (high - low))
    # Rounding may give the end itself, which is outside the window.
    within = min(exact, CURVE[-1][0] - timedelta(milliseconds=1))
    return within.replace(microsecond=within.microsecond // 1000 * 1000)


def grow(
    number: int,
    of: int,
    batch: int,
    units: Sequence[SampleUnit],
    real: Sequence[SampleInitiative],
    reviewable: frozenset[str],
) -> Grown:
    """The initiative `number` of `of` in a batch; the same arguments give the same initiative.

    reviewable: units in which demo accounts can decide at every level.
    """
    chance = Random(f"{batch}:{number}")  # noqa: S311  # invented data, no secret
    registered_at = moment((number + 0.5) / of)
    unit = chance.choice(units)
    subject, described, elsewhere = (chance.choice(real) for _ in range(3))
    applied = date(2021, 9, 1) + timedelta(
        days=chance.randrange((registered_at.date() - date(2021, 9, 1)).days)
    )
    # Most initiatives declare no benefit; the others declare a small one.
    benefit = round(chance.lognormvariate(16.0, 1.3)) if chance.random() < 0.4 else None
    body = {
        "title": _title(subject.title, unit, chance),
        "solution_type": subject.solution_type,
        "field": subject.field,
        "unit": unit.code,
        "campaign": PHASE_1,
        "authors": _authors(chance),
        "problem": f"Cách làm cũ tốn công và vật tư. Nơi khác đã có: {elsewhere.title}",
        "solution": described.summary,
        "novelty": f"Lần đầu áp dụng tại {unit.facts['name_vi']}",
        "applicability": "Áp dụng được cho các bộ phận có cùng công việc",
        "applied_where": str(unit.facts["name_vi"]),
        "conditions": None,
        "first_applied_on": str(applied),
        "benefit": {
            "declared_vnd": benefit,
            "method": "So sánh chi phí trước và sau khi áp dụng" if benefit is not None else None,
            "social": None if benefit is not None else "Giảm nặng nhọc, bảo đảm an toàn lao động",
            "confirmed": benefit is not None,
        },
        "recognition": None,
        "declarations": {"not_recognised_elsewhere": True, "lawful": True, "no_ip_conflict": True},
        "confidential": False,
        "consent_to_publish": False,
        "on_behalf_of": None,
        "submit": True,
        "source": "import",
        "registered_at": registered_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    validated = unit.code in reviewable and chance.random() < VALID_SHARE
    return Grown(number, registered_at, unit, body, validated)


def _title(title: str, unit: SampleUnit, chance: Random) -> str:
    words = f"{title.rstrip('. ')} – tổ {chance.randrange(1, 40)}"
    return f"{words}, {unit.facts['name_vi']}"[:300]


def _authors(chance: Random) -> list[dict[str, Any]]:
    count = chance.choices((1, 2, 3), weights=(6, 3, 1))[0]
    share = 100_00 // count
    shares = [share + (100_00 - share * count), *([share] * (count - 1))]
    return [
        {
            "external_name": f"Tác giả {chance.randrange(1, 10**6):06}",
            "share": f"{hundredths // 100}.{hundredths % 100:02}",
            "lead": index == 0,
        }
        for index, hundredths in enumerate(shares)
    ]
