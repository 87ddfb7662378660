"""The images of this repository, built where a Docker engine and what they stand on are to be had."""

from __future__ import annotations

from tests.support.docker_engine import command_unavailable
from tests.support.images import built_images
from tests.support.tiers import Provider, Tier, tiered_fixture

images = tiered_fixture(
    "images", {Tier.DOCKER: Provider(start=built_images, unavailable=command_unavailable)}
)
