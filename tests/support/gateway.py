"""The gateway with its Caddyfile on a free port, in front of whatever a test puts behind it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sangkienctl.home import REPOSITORY
from sangkienctl.processes import tool
from tests.support.processes import ServerProcess, free_port

SITE = REPOSITORY / "deploy" / "gateway" / "site"


def gateway(folder: Path, upstream: str, settings: Mapping[str, str]) -> ServerProcess:
    """The gateway before its start. settings: where the portal signs in."""
    problems = folder / "problems"
    problems.mkdir()
    (problems / "not-found.md").write_text("# not-found\n\n**Not found.** Look at {path}.\n")
    (problems / "README.md").write_text("# Problem types\n")
    portal = folder / "portal"
    (portal / "assets").mkdir(parents=True)
    (portal / "index.html").write_text("<!doctype html><title>portal</title>" + "." * 2000)
    (portal / "assets" / "index-abc.js").write_text("export {};" * 500)
    port = free_port()
    environment = {
        "GATEWAY_LISTEN": f":{port}",
        "GATEWAY_ADDRESS": "127.0.0.1",
        "SUBMISSION_UPSTREAM": upstream,
        "REVIEW_UPSTREAM": upstream,
        "STATS_UPSTREAM": upstream,
        # Nobody listens there.
        "NOTIFY_UPSTREAM": "127.0.0.1:1",
        **settings,
        "PORTAL_ROOT": str(portal),
        "SITE_ROOT": str(SITE),
        "CONTRACTS_ROOT": str(REPOSITORY / "contracts"),
        "PROBLEMS_ROOT": str(problems),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    caddyfile = REPOSITORY / "deploy" / "gateway" / "Caddyfile"
    command = [tool("caddy"), "run", "--config", str(caddyfile), "--adapter", "caddyfile"]
    return ServerProcess("gateway", command, port, folder / "gateway.log", environment)
