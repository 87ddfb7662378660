"""A platform of their own for tests that kill parts of it; the load and the checks stand in tests/support."""

from __future__ import annotations

import pytest

from sangkienctl.seed import seed_programme
from tests.support.platform import PLATFORM_PROVIDERS, RunningPlatform
from tests.support.tiers import tiered_fixture

own_platform = tiered_fixture("own_platform", PLATFORM_PROVIDERS, scope="module")


@pytest.fixture(scope="module")
def disturbed(own_platform: RunningPlatform) -> RunningPlatform:
    """A running platform with the sample programme, for one module to disturb."""
    seed_programme(own_platform.control)
    return own_platform
