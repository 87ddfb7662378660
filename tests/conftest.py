"""The servers that tests run against, one fixture per kind of server; see tests/support/tiers.py."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from tests.support.deployed import deployed_platform, deployed_unavailable
from tests.support.kafka_servers import ApacheKafka, DockerKafka, EmbeddedBroker
from tests.support.mongo_servers import (
    DockerMongo,
    FastMongo,
    PythonMongo,
    fast_engine_unavailable,
    mongo_db,
)
from tests.support.platform import PLATFORM_PROVIDERS, seeded_platform_fixture
from tests.support.tiers import Provider, Tier, tiered_fixture

# Machines differ, and others work on them: no example fails because it was slow to make or to run.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

pytest_plugins = ["tests.support.tier_plugin"]

KAFKA_PROVIDERS = {
    Tier.EMBEDDED: Provider(start=EmbeddedBroker),
    Tier.APACHE: Provider(start=ApacheKafka, unavailable=ApacheKafka.unavailable),
    Tier.DOCKER: Provider(start=DockerKafka, unavailable=DockerKafka.unavailable),
}

# One server per tier for the whole run; its topics and groups need names of their own in every test.
kafka_server = tiered_fixture("kafka_server", KAFKA_PROVIDERS)

# A server for one test alone, which may stop, kill and restart it.
own_kafka_server = tiered_fixture("own_kafka_server", KAFKA_PROVIDERS, scope="function")

MONGO_PROVIDERS = {
    Tier.EMBEDDED: Provider(start=PythonMongo),
    Tier.EMBEDDED_FAST: Provider(start=FastMongo, unavailable=fast_engine_unavailable),
    Tier.DOCKER: Provider(start=DockerMongo, unavailable=DockerMongo.unavailable),
}

# One server per tier for the whole run; `mongo_db` is a fresh database on it for each test.
mongo_server = tiered_fixture("mongo_server", MONGO_PROVIDERS)

# A server for one test alone, which may stop, kill and restart it.
own_mongo_server = tiered_fixture("own_mongo_server", MONGO_PROVIDERS, scope="function")

# One whole platform per tier, started when a test first asks; see tests/support/platform.py. That of Docker
# is never started here: the tests use one that is up, as its users do; see tests/support/deployed.py.
platform = tiered_fixture(
    "platform",
    {
        **PLATFORM_PROVIDERS,
        Tier.DOCKER: Provider(start=deployed_platform, unavailable=deployed_unavailable),
    },
)

__all__ = ["mongo_db", "seeded_platform_fixture"]
