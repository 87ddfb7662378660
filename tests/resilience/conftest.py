"""A platform of their own for tests that kill parts of it; the load and the checks stand in tests/support."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sangkienctl.seed import seed_programme
from tests.support.platform import RunningPlatform, end_platform, start_platform


@pytest.fixture(scope="module")
def disturbed() -> Iterator[RunningPlatform]:
    """A running platform with the sample programme, for one module to disturb."""
    running = start_platform()
    try:
        seed_programme(running.control)
        yield running
    finally:
        end_platform(running)
