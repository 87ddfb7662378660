"""How much one person may hand in. Neither quota costs a submission a round trip to the database: submissions
of a day are counted by a token bucket in this process, open drafts in the database when one more is made.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from chassis.rates import Buckets, Rate
from submission.domain.content import Source

SECONDS_PER_DAY = 86_400


class SubmissionQuotaReached(Exception):
    """The person has used up the submissions of a day; the next one is possible after `seconds`."""

    def __init__(self, most: int, seconds: int) -> None:
        super().__init__(f"{most} a day")
        self.most = most
        self.seconds = seconds


class TooManyDrafts(Exception):
    """The person has that many open drafts."""

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} drafts")
        self.most = most


@dataclass(frozen=True)
class Quota:
    """For one way of handing in; 0 for no limit.

    per_day: submissions, which are regained evenly over the day. open_drafts: at any moment.
    """

    per_day: int
    open_drafts: int


class Quotas:
    """own: of a member for himself or herself; for_others: of a support group that writes for members or
    imports records. count_drafts(subject, most): open drafts that this person made, counted up to `most`."""

    def __init__(self, own: Quota, for_others: Quota, count_drafts: Callable[[str, int], int]) -> None:
        self._own = own
        self._for_others = for_others
        self._count_drafts = count_drafts
        self._days = {
            quota: Buckets(Rate(quota.per_day / SECONDS_PER_DAY, quota.per_day))
            for quota in (own, for_others)
            if quota.per_day
        }

    def take_submission(self, subject: str, source: Source) -> None:
        """Raises SubmissionQuotaReached."""
        quota = self._of(source)
        buckets = self._days.get(quota)
        if buckets is None:
            return
        grant = buckets.take(f"{subject}\0{source is Source.SELF}")
        if not grant.allowed:
            raise SubmissionQuotaReached(quota.per_day, max(1, math.ceil(grant.seconds)))

    def require_room_for_a_draft(self, subject: str, source: Source) -> None:
        """Raises TooManyDrafts."""
        most = self._of(source).open_drafts
        if most and self._count_drafts(subject, most) >= most:
            raise TooManyDrafts(most)

    def _of(self, source: Source) -> Quota:
        return self._own if source is Source.SELF else self._for_others
