"""All four services, made once for a module: its tests make objects of their own on them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.four_services import FourServices, four_services
from tests.support.mongo_servers import MongoServer


@pytest.fixture(scope="module")
def services(mongo_server: MongoServer) -> Iterator[FourServices]:
    with four_services(mongo_server) as made:
        yield made
