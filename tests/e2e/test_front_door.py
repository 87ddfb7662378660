"""What anybody meets at the gateway of a whole platform: the portal, the issuer, nothing of the inside."""

from __future__ import annotations

import re

from tests.support.journey import Person
from tests.support.platform import RunningPlatform

SERVICES = ("submission", "review", "stats", "notify")


def test_the_portal_stands_at_the_root_whole_and_under_its_policy(platform: RunningPlatform) -> None:
    with Person(platform) as public:
        page = public.call("GET", "/")
        parts = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)

        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'" in policy
        assert '<div id="portal">' in page.text
        assert any(part.endswith(".js") for part in parts)
        for part in parts:
            assert public.call("GET", part).headers["X-Content-Type-Options"] == "nosniff"


def test_the_issuer_that_the_portal_names_is_there_under_that_name(platform: RunningPlatform) -> None:
    with Person(platform) as public:
        named = public.get("/portal.json")["issuer"]

        described = public.get(f"{named}/.well-known/openid-configuration")

        assert described["issuer"] == f"{platform.gateway}{named}"
        for endpoint in ("authorization_endpoint", "token_endpoint"):
            assert described[endpoint].startswith(f"{platform.gateway}/auth/")


def test_the_gateway_hides_health_and_metrics(platform: RunningPlatform) -> None:
    with Person(platform) as public:
        for service in SERVICES:
            for path in ("metrics", "livez", "readyz"):
                answer = public.http.get(f"/api/{service}/{path}")
                assert answer.status_code == 404, (service, path)
