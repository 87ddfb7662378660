"""The fixtures of the portal's tests; see tests/support/portal.py and portal_story.py."""

from __future__ import annotations

from tests.support.portal import browser, portal
from tests.support.portal_story import story

__all__ = ["browser", "portal", "story"]
