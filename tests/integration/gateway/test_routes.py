"""The Caddyfile, with a small server in the place of everything behind it."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import httpx
import pytest

from sangkienctl.home import REPOSITORY
from tests.support.gateway import SITE, Echo, gateway
from tests.support.processes import ServerProcess


@pytest.mark.parametrize("service", ["submission", "review", "stats"])
def test_a_services_prefix_is_taken_off(http_client: httpx.Client, service: str) -> None:
    seen = http_client.get(f"/api/{service}/v1/things?q=1").json()

    assert seen["path"] == "/v1/things?q=1"


def test_the_issuer_and_the_mailbox_keep_their_prefix(http_client: httpx.Client) -> None:
    assert http_client.get("/auth/jwks").json()["path"] == "/auth/jwks"
    assert http_client.get("/mail/api/v1/messages").json()["path"] == "/mail/api/v1/messages"


@pytest.mark.parametrize(
    "path",
    [
        "/api/submission/metrics",
        "/api/submission/livez",
        "/api/submission/readyz",
        "/api/submission/v1/../metrics",
        "/api/submission/v1/%2e%2e/metrics",
        "/api/submission/v1/..%2fmetrics",
        "/api/submission//metrics",
        "/api/unknown/v1/things",
        "/metrics",
        "/livez",
    ],
)
def test_what_is_not_public_is_not_reachable(caddy: ServerProcess, path: str) -> None:
    status, body = raw_get(caddy.port, path)

    assert status == 404 or json.loads(body)["path"].startswith("/v1/")
    assert "metrics" not in body or json.loads(body)["path"].startswith("/v1/")


def raw_get(port: int, path: str) -> tuple[int, str]:
    """A request whose path no client has tidied."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


def test_who_forwards_cannot_be_forged(http_client: httpx.Client) -> None:
    seen = http_client.get(
        "/auth/x", headers={"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Host": "evil"}
    ).json()

    assert seen["headers"]["X-Forwarded-For"] == "127.0.0.1"
    assert seen["headers"]["X-Forwarded-Host"] == f"127.0.0.1:{http_client.base_url.port}"


@pytest.mark.parametrize(("language", "word"), [("vi", "Hãy thử lại"), ("en-GB,en", "Try again")])
def test_an_absent_service_is_a_problem_with_retry_after(
    http_client: httpx.Client, language: str, word: str
) -> None:
    answer = http_client.get("/api/notify/v1/inbox", headers={"Accept-Language": language})

    assert answer.status_code == 502
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["code"] == "unavailable"
    assert answer.json()["status"] == 502
    assert word in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/api/submission/v1/slow", "/auth/slow", "/mail/slow"])
def test_a_slow_body_waits_at_the_gateway_and_not_in_a_service(
    caddy: ServerProcess, http_client: httpx.Client, path: str
) -> None:
    behind = path.removeprefix("/api/submission")
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"
    with socket.create_connection(("127.0.0.1", caddy.port), timeout=60) as slow:
        slow.sendall(head.encode() + b"half ")
        for _ in range(5):
            assert http_client.get("/api/submission/v1/other").status_code == 200
        assert behind not in Echo.begun

        slow.sendall(b"again")

        assert slow.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert behind in Echo.begun


def test_a_body_beyond_the_limit_is_refused(http_client: httpx.Client) -> None:
    fits = http_client.post("/api/submission/v1/initiatives", content=b"x" * 900_000)
    large = http_client.post("/api/submission/v1/initiatives", content=b"x" * 1_100_000)

    assert fits.json()["length"] == 900_000
    assert large.status_code == 413
    assert large.json()["code"] == "too-large"


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("asyncapi.yaml", "application/yaml"),
        ("README.md", "text/markdown; charset=utf-8"),
        ("openapi/stats.json", "application/json"),
    ],
)
def test_a_contract_says_what_kind_of_text_it_is(http_client: httpx.Client, file: str, kind: str) -> None:
    assert http_client.get(f"/contracts/{file}").headers["Content-Type"] == kind


def test_a_folder_is_listed_with_names_that_end_in_one_slash(http_client: httpx.Client) -> None:
    page = http_client.get("/contracts/").text

    assert ">schemas/</a>" in page
    assert "//</a>" not in page


@pytest.mark.parametrize(
    "path",
    ["/", "/assets/index-abc.js", "/about", "/docs", "/docs.js", "/style.css", "/contracts/", "/problems/"],
)
def test_pages_are_there_under_a_strict_policy(http_client: httpx.Client, path: str) -> None:
    answer = http_client.get(path)

    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] in ("DENY", "SAMEORIGIN")


SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "SAMEORIGIN",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# Answers of a service, of the issuer and the mailbox, of the gateway itself, and of a service that is down.
EVERYWHERE = [
    "/api/submission/v1/units",
    "/api/review/v1/cases",
    "/api/stats/v1/units/TLD/progress",
    "/api/notify/v1/inbox",
    "/auth/authorize",
    "/mail/",
    "/",
    "/about",
    "/portal.json",
    "/problems/not-found",
    "/no/such/page",
]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_answer_has_the_security_headers(http_client: httpx.Client, path: str, method: str) -> None:
    answer = http_client.request(method, path)

    for name, value in SECURITY_HEADERS.items():
        found = answer.headers.get_list(name)
        assert len(found) == 1, (name, found)
        assert found == [value] or (name, found) == ("X-Frame-Options", ["DENY"]), name
    assert "Server" not in answer.headers
    assert "Via" not in answer.headers


@pytest.mark.parametrize("path", ["/api/submission/v1/units", "/auth/authorize", "/mail/"])
@pytest.mark.parametrize("own", SECURITY_HEADERS)
def test_what_an_answer_says_itself_stays_and_the_rest_is_added(
    http_client: httpx.Client, path: str, own: str
) -> None:
    answer = http_client.get(path, headers={f"Answer-{own}": "own"})

    assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == {**SECURITY_HEADERS, own: "own"}


def test_the_portal_is_served_compressed_and_only_what_is_named_by_its_content_is_kept(
    http_client: httpx.Client,
) -> None:
    page = http_client.get("/", headers={"Accept-Encoding": "gzip"})
    part = http_client.get("/assets/index-abc.js", headers={"Accept-Encoding": "gzip"})

    assert "<title>portal</title>" in page.text
    assert page.headers["Cache-Control"] == "no-cache"
    assert page.headers["Content-Encoding"] == "gzip"
    assert part.headers["Content-Encoding"] == "gzip"
    assert "immutable" in part.headers["Cache-Control"]
    assert http_client.get("/assets/absent.js").status_code == 404


def test_the_portal_learns_where_to_sign_in(http_client: httpx.Client) -> None:
    assert http_client.get("/portal.json").json() == {"issuer": "/auth/realms/here"}


def test_an_issuer_elsewhere_is_the_one_other_host_that_the_portal_may_ask(
    upstream: str, tmp_path: Path
) -> None:
    issuer = "https://id.example.org"
    settings = {"PORTAL_ISSUER": f"{issuer}/realms/here", "PORTAL_CONNECT": issuer}
    with (
        gateway(tmp_path, upstream, settings).start() as server,
        httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client,
    ):
        policy = client.get("/").headers["Content-Security-Policy"]
        assert f"connect-src 'self' {issuer};" in policy
        assert client.get("/portal.json").json() == {"issuer": f"{issuer}/realms/here"}
        assert client.get("/auth/jwks").json()["code"] == "unavailable"


def test_an_answer_that_a_change_refers_to_keeps_its_etag(http_client: httpx.Client) -> None:
    answer = http_client.get("/api/submission/v1/initiatives/1", headers={"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize("page", sorted(file.name for file in SITE.glob("*.html")))
def test_no_page_asks_another_host_or_carries_inline_code(page: str) -> None:
    text = (SITE / page).read_text(encoding="utf-8")

    assert "http://" not in text
    assert "https://" not in text
    assert "style=" not in text
    assert "<script>" not in text


def test_contracts_are_served_and_the_loader_is_not(http_client: httpx.Client) -> None:
    schema = http_client.get("/contracts/schemas/initiative.submitted/1.0.json")

    assert schema.json()["type"] == "object"
    assert schema.headers["Access-Control-Allow-Origin"] == "*"
    for hidden in ("__init__.py", "pyproject.toml", "tooling/", "tooling/schemas.py", "__pycache__/"):
        assert http_client.get(f"/contracts/{hidden}").status_code == 404


def test_a_problem_type_has_a_page_and_an_unknown_one_is_404(http_client: httpx.Client) -> None:
    page = http_client.get("/problems/not-found")

    assert "<h1" in page.text
    assert "Look at {path}" in page.text
    assert http_client.get("/problems/nothing").status_code == 404
    assert http_client.get("/problems/..%2fREADME").status_code == 404


def test_an_unknown_page_is_a_problem(http_client: httpx.Client) -> None:
    answer = http_client.get("/no/such/page")

    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/not-found"


def test_the_admin_interface_is_off(caddy: ServerProcess) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", 2019), timeout=1).close()


def test_the_landing_page_names_only_accounts_that_exist(http_client: httpx.Client) -> None:
    accounts = json.loads((REPOSITORY / "deploy" / "sample" / "accounts.json").read_text(encoding="utf-8"))
    names = {account["username"] for account in accounts}
    page = Path(SITE / "about.html").read_text(encoding="utf-8")

    shown = [part.partition("</code>")[0] for part in page.split("<tr><td><code>")[1:]]
    shown = [name for name in shown if not name.startswith("/")]

    assert shown
    assert set(shown) <= names
    assert all(account["password"] in page for account in accounts if account["username"] in shown)
