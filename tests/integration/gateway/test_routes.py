"""The Caddyfile, with a small server in the place of everything behind it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from chassis.web.json_body import LARGEST_BODY
from embedded.issuer.settings import IssuerSettings
from embedded.issuer.web import make_app
from sangkienctl.home import REPOSITORY
from tests.support.gateway import SITE, Echo, gateway
from tests.support.processes import ServerProcess


@pytest.mark.parametrize("service", ["submission", "review", "stats"])
def test_a_services_prefix_is_taken_off(http_client: httpx.Client, service: str) -> None:
    seen = http_client.get(f"/api/{service}/v1/things?q=1").json()

    assert seen["path"] == "/v1/things?q=1"


ISSUER_PATHS = (
    "/auth/",
    "/auth/style.css",
    "/auth/.well-known/openid-configuration",
    "/auth/jwks",
    "/auth/authorize",
    "/auth/token",
    "/auth/userinfo",
    "/auth/logout",
)


def test_every_page_of_the_embedded_issuer_passes(http_client: httpx.Client) -> None:
    for path in ISSUER_PATHS:
        assert http_client.get(path).json()["path"] == path


def test_the_routes_of_the_embedded_issuer_are_the_ones_that_pass(tmp_path: Path) -> None:
    (tmp_path / "accounts.json").write_text("[]")
    settings = IssuerSettings(
        bind="127.0.0.1:0",
        url="http://127.0.0.1:8080/auth",
        audience="sangkien",
        data=tmp_path / "data",
        accounts=tmp_path / "accounts.json",
        operator_secret="operator-secret",
        redirect_uris=(),
    )
    app = make_app(settings)

    served = {rule.rule for rule in app.url_map.iter_rules()} - {"/livez"}
    app.config["ISSUER"].store.close()

    assert served == set(ISSUER_PATHS)


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


@pytest.fixture(scope="module")
def before_keycloak(upstream: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The gateway with the paths of docker-compose.yml."""
    compose = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"]["gateway"]
    settings = {"ISSUER_UPSTREAM": upstream, "ISSUER_PATHS": compose["environment"]["ISSUER_PATHS"]}
    with gateway(tmp_path_factory.mktemp("keycloak"), upstream, settings).start() as server:
        yield server


@pytest.mark.parametrize(
    "path",
    [
        "/auth/realms/sangkien/.well-known/openid-configuration",
        "/auth/realms/sangkien/protocol/openid-connect/auth",
        "/auth/realms/sangkien/protocol/openid-connect/token",
        "/auth/realms/sangkien/protocol/openid-connect/certs",
        "/auth/realms/sangkien/protocol/openid-connect/logout",
        "/auth/realms/sangkien/login-actions/authenticate",
        "/auth/realms/sangkien/account",
        "/auth/resources/abcde/login/sangkien/css/styles.css",
    ],
)
def test_what_a_sign_in_needs_of_keycloak_passes(before_keycloak: ServerProcess, path: str) -> None:
    status, body = raw_get(before_keycloak.port, path)

    assert status == 200
    assert json.loads(body)["path"] == path


@pytest.mark.parametrize(
    "path",
    [
        "/auth/",
        "/auth/admin",
        "/auth/admin/master/console/",
        "/auth/ADMIN/",
        "/auth//admin/",
        "/auth/metrics",
        "/auth/realms/master",
        "/auth/realms/master/protocol/openid-connect/token",
        "/auth/realms/sangkien",
        "/auth/realms/sangkien/clients-registrations/default",
        "/auth/realms/sangkien/protocol/../../master",
        "/auth/realms/sangkien/protocol/%2e%2e/%2e%2e/%2e%2e/admin/",
        "/auth/realms/sangkien/protocol/..%2f..%2f..%2fadmin/",
        "/auth/resources/../admin/",
        "/auth/realms/sangkienx/protocol/openid-connect/token",
    ],
)
def test_nothing_else_of_keycloak_passes(before_keycloak: ServerProcess, path: str) -> None:
    status, _ = raw_get(before_keycloak.port, path)

    assert status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/mail/",
        "/mail/style.css",
        "/mail/view/0123abc",
        "/mail/view/0123abc/html",
        "/mail/dist/app.js",
        "/mail/api/v1/messages?start=0",
        "/mail/api/v1/search?query=to:a@example.org",
        "/mail/api/v1/message/0123abc",
        "/mail/api/v1/message/0123abc/raw",
    ],
)
def test_caught_mails_are_read(http_client: httpx.Client, path: str) -> None:
    assert http_client.get(path).json()["path"] == path


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/mail/api/v1/messages"),
        ("PUT", "/mail/api/v1/messages"),
        ("POST", "/mail/api/v1/send"),
        ("POST", "/mail/api/v1/message/0123abc/release"),
        ("GET", "/mail/proxy?data=eHg="),
        ("GET", "/mail/api/v1/message/0123abc/html-check"),
        ("GET", "/mail/api/v1/message/0123abc/link-check"),
        ("GET", "/mail/api/v1/message/0123abc/sa-check"),
        ("GET", "/mail/api/v1/chaos"),
        ("GET", "/mail/view/../proxy"),
        ("GET", "/mail/view/%2e%2e/proxy"),
    ],
)
def test_no_mail_is_sent_deleted_or_examined(http_client: httpx.Client, method: str, path: str) -> None:
    assert http_client.request(method, path).status_code == 404


FORWARDED = {"X-Forwarded-For": "6.6.6.6, 203.0.113.7", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize("path", ["/auth/token", "/api/stats/v1/units/TLD"])
def test_a_trusted_proxy_says_whom_it_forwards_for_and_its_client_does_not(
    upstream: str, tmp_path: Path, path: str
) -> None:
    settings = {"ISSUER_UPSTREAM": upstream, "TRUSTED_PROXIES": "127.0.0.1 198.51.100.0/24"}
    with (
        gateway(tmp_path, upstream, settings).start() as server,
        httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client,
    ):
        seen = client.get(path, headers=FORWARDED).json()["headers"]

    assert seen["X-Forwarded-For"] == "203.0.113.7"
    assert seen["X-Forwarded-Proto"] == "https"


@pytest.mark.parametrize("trusted", ["", "198.51.100.0/24"])
def test_who_is_no_trusted_proxy_speaks_for_nobody(upstream: str, tmp_path: Path, trusted: str) -> None:
    settings = {"ISSUER_UPSTREAM": upstream, "TRUSTED_PROXIES": trusted}
    with (
        gateway(tmp_path, upstream, settings).start() as server,
        httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client,
    ):
        seen = client.get("/auth/token", headers=FORWARDED).json()["headers"]

    assert seen["X-Forwarded-For"] == "127.0.0.1"
    assert seen["X-Forwarded-Proto"] == "http"


def test_who_forwards_cannot_be_forged(http_client: httpx.Client) -> None:
    seen = http_client.get(
        "/auth/authorize", headers={"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Host": "evil"}
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


@pytest.mark.parametrize("path", ["/api/submission/v1/slow", "/auth/token?slow"])
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


@pytest.mark.parametrize("path", ["/api/submission/v1/initiatives", "/auth/token", "/mail/", "/contracts/"])
@pytest.mark.parametrize("length", [100, 200_000])
def test_a_body_that_does_not_arrive_ends_the_connection(
    hasty: ServerProcess, path: str, length: int
) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", hasty.port), timeout=20) as slow:
        slow.sendall(head.encode() + b"half of it")
        answer = b""
        while chunk := slow.recv(4096):
            answer += chunk

    assert answer.startswith(b"HTTP/1.1 ")
    assert path == "/contracts/" or int(answer.split()[1]) >= 400


@pytest.fixture(scope="module")
def hasty(upstream: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The gateway, but for a body that has half a second to arrive."""
    folder = tmp_path_factory.mktemp("hasty")
    deployed = (REPOSITORY / "deploy/gateway/Caddyfile").read_text()
    assert deployed.count("read_body 30s\n") == 1
    (folder / "Caddyfile").write_text(deployed.replace("read_body 30s\n", "read_body 500ms\n"))
    settings = {"ISSUER_UPSTREAM": upstream, "MAIL_UPSTREAM": upstream}
    with gateway(folder, upstream, settings, folder / "Caddyfile").start() as server:
        yield server


def test_a_body_beyond_what_a_service_takes_is_refused(http_client: httpx.Client) -> None:
    fits = http_client.post("/api/submission/v1/initiatives", content=b"x" * LARGEST_BODY)
    large = http_client.post("/api/submission/v1/initiatives", content=b"x" * (LARGEST_BODY + 1))

    assert fits.json()["length"] == LARGEST_BODY
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


@pytest.mark.parametrize(
    "page", ["/problem", "/problem.html", "/folder", "/folder.html", "//problem", "/Folder"]
)
def test_a_page_that_is_filled_in_is_not_served_unfilled(caddy: ServerProcess, page: str) -> None:
    status, body = raw_get(caddy.port, page)

    assert status == 404
    assert "{{" not in body


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
