"""Follows what the review service says about initiatives. The sequence decides: what is not newer is
ignored, so that repetition and order do not matter, and a withdrawal beats a decision made at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence

from submission.application.ports import Initiatives, ReviewChange


def follow_review(initiatives: Initiatives, changes: Sequence[ReviewChange]) -> int:
    """Apply the newest change of each initiative; how many were news."""
    newest: dict[str, ReviewChange] = {}
    for change in changes:
        known = newest.get(change.initiative_id)
        if known is None or known.sequence < change.sequence:
            newest[change.initiative_id] = change
    return initiatives.follow(newest.values()) if newest else 0
