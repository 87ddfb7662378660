"""One platform with the sample programme for all end-to-end tests; no test stops it."""

from __future__ import annotations

from tests.support.platform import platform_fixture, seeded_platform_fixture

__all__ = ["platform_fixture", "seeded_platform_fixture"]
