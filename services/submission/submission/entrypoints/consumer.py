"""The review service's events: a batch becomes changes for the use case. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.events.codec import Event
from submission.adapters.review_events import review_change
from submission.application.follow_review import follow_review
from submission.application.ports import Initiatives, Showcase


class ReviewEvents:
    """A chassis BatchHandler. Handling a batch again does no harm."""

    def __init__(self, initiatives: Initiatives, showcase: Showcase) -> None:
        self._initiatives = initiatives
        self._showcase = showcase

    def __call__(self, events: Sequence[Event]) -> None:
        follow_review(self._initiatives, self._showcase, [review_change(event) for event in events])
