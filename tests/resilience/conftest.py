"""A platform of their own for tests that kill parts of it; the load and the checks stand in tests/support."""

from __future__ import annotations

from functools import partial

import pytest

from sangkienctl.seed import seed_programme
from tests.resilience.drill.runner import drill_stage
from tests.support.kafka_servers import ApacheKafka
from tests.support.mongo_servers import fast_engine_unavailable
from tests.support.platform import PLATFORM_PROVIDERS, RunningPlatform
from tests.support.tiers import Provider, Tier, tiered_fixture

own_platform = tiered_fixture("own_platform", PLATFORM_PROVIDERS, scope="module")

# A platform into whose processes a drill can reach, for one module.
own_drill_stage = tiered_fixture(
    "own_drill_stage",
    {
        Tier.EMBEDDED: Provider(start=partial(drill_stage, kafka="embedded", engine="python")),
        Tier.EMBEDDED_FAST: Provider(
            start=partial(drill_stage, kafka="embedded", engine="fast"), unavailable=fast_engine_unavailable
        ),
        Tier.APACHE: Provider(
            start=partial(drill_stage, kafka="apache"), unavailable=ApacheKafka.unavailable
        ),
    },
    scope="module",
)


@pytest.fixture(scope="module")
def disturbed(own_platform: RunningPlatform) -> RunningPlatform:
    """A running platform with the sample programme, for one module to disturb."""
    seed_programme(own_platform.control)
    return own_platform
