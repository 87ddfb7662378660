"""Follows what the review service says about initiatives. The sequence decides: what is not newer is
ignored, so that repetition and order do not matter, and a withdrawal beats a decision made at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence

from submission.application.ports import Initiatives, ReviewChange, Showcase
from submission.domain.states import State


def follow_review(initiatives: Initiatives, showcase: Showcase, changes: Sequence[ReviewChange]) -> int:
    """Apply the newest change of each initiative, and publish what is approved and may be; how many were
    news."""
    newest: dict[str, ReviewChange] = {}
    for change in changes:
        known = newest.get(change.initiative_id)
        if known is None or known.sequence < change.sequence:
            newest[change.initiative_id] = change
    news = initiatives.follow(newest.values()) if newest else 0
    # Also what was no news: the batch may have broken off between the two writes when it first came.
    approved = [change.initiative_id for change in newest.values() if change.state is State.APPROVED]
    if approved:
        showcase.publish(approved)
    return news
