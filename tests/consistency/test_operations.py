"""Every role is started everywhere, every alert has a runbook and watches metrics that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("submission", "review", "stats", "notify")
LONG_RUNNING_ROLES = ("api", "worker")


def _rules() -> list[dict[str, Any]]:
    document = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def _declared_metrics() -> set[str]:
    names = {"up"}
    for path in [*ROOT.glob("libs/chassis/chassis/metrics.py"), *ROOT.glob("services/*/*/**/metrics.py")]:
        for kind, name in re.findall(r"(Counter|Gauge|Histogram)\(\s*\"([a-z_]+)\"", path.read_text()):
            names |= {
                "Counter": {name + "_total"},
                "Gauge": {name},
                "Histogram": {name + "_bucket", name + "_count", name + "_sum"},
            }[kind]
    return names


@pytest.mark.parametrize("rule", _rules(), ids=lambda rule: rule["alert"])
def test_an_alert_has_a_runbook_that_names_it(rule: dict[str, Any]) -> None:
    page = ROOT / rule["annotations"]["runbook"]

    assert rule["alert"] in page.read_text().splitlines()[0]


@pytest.mark.parametrize("rule", _rules(), ids=lambda rule: rule["alert"])
def test_an_alert_watches_metrics_that_are_declared(rule: dict[str, Any]) -> None:
    expression = re.sub(r"\{[^}]*\}|\bby \([^)]*\)|\[[^]]*\]", "", rule["expr"])
    names = set(re.findall(r"\b[a-z][a-z_]*_[a-z_]+\b|\bup\b", expression))

    assert names
    assert names <= _declared_metrics()


def test_every_runbook_belongs_to_an_alert() -> None:
    pages = {path.name for path in (ROOT / "docs/runbooks").glob("*.md")} - {"README.md"}

    assert pages == {Path(rule["annotations"]["runbook"]).name for rule in _rules()}


@pytest.mark.parametrize("service", SERVICES)
def test_compose_starts_every_role_of_a_service(service: str) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    for role in (*LONG_RUNNING_ROLES, "migrate"):
        assert compose[f"{service}-{role}"]["command"] == [role]
    for role in LONG_RUNNING_ROLES:
        assert compose[f"{service}-{role}"]["read_only"] is True
        assert "healthcheck" in compose[f"{service}-{role}"]


def test_the_settings_of_compose_are_the_documented_ones() -> None:
    used = set(re.findall(r"(?<!\$)\$\{([A-Z][A-Z0-9_]*)", (ROOT / "docker-compose.yml").read_text()))
    page = (ROOT / "docs/how-to/run-with-docker.md").read_text()
    table = page.split("## Settings", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    documented = {name for row in rows for name in re.findall(r"`([A-Z][A-Z0-9_]*)`", row.split("|")[1])}

    assert used == documented


def test_a_simple_default_of_compose_is_the_documented_one() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    page = (ROOT / "docs/how-to/run-with-docker.md").read_text()
    rows = re.findall(r"^\| `([A-Z][A-Z0-9_]*)` \| (\S+) \|", page, flags=re.MULTILINE)

    assert len(rows) >= 5
    for name, default in rows:
        assert set(re.findall(rf"\$\{{{name}:-([^}}]*)\}}", compose)) == {default}, name


def test_the_image_of_the_operators_command_holds_the_sample_where_it_looks_for_it() -> None:
    from sangkienctl.seed.sample import FOLDER_VARIABLE

    recipe = (ROOT / "deploy/sangkienctl/Dockerfile").read_text()
    (copied,) = re.findall(r"^COPY deploy/sample (\S+)$", recipe, flags=re.MULTILINE)

    assert re.search(rf"\b{FOLDER_VARIABLE}={re.escape(copied)}$", recipe, flags=re.MULTILINE)


@pytest.mark.parametrize("service", SERVICES)
def test_prometheus_scrapes_every_role_of_a_service(service: str) -> None:
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    targets = {
        t for job in config["scrape_configs"] for group in job["static_configs"] for t in group["targets"]
    }

    assert {f"{service}-api:8000", f"{service}-worker:8001"} <= targets


def test_every_panel_of_the_dashboard_shows_metrics_that_are_declared() -> None:
    dashboard = json.loads((ROOT / "deploy/grafana/overview.json").read_text())
    of_the_process = {"process_resident_memory_bytes"}

    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            expression = re.sub(r"\{[^}]*\}|\bby \([^)]*\)|\[[^]]*\]|histogram_quantile", "", target["expr"])
            names = set(re.findall(r"\b[a-z][a-z_]*_[a-z_]+\b|\bup\b", expression))
            assert names, panel["title"]
            assert names <= _declared_metrics() | of_the_process, panel["title"]


@pytest.mark.parametrize("service", SERVICES)
def test_kubernetes_starts_every_role_of_a_service(service: str) -> None:
    folder = ROOT / "deploy/kubernetes"
    overlay = yaml.safe_load((folder / service / "kustomization.yaml").read_text())
    manifests = [
        manifest
        for name in yaml.safe_load((folder / "base/kustomization.yaml").read_text())["resources"]
        for manifest in yaml.safe_load_all((folder / "base" / name).read_text())
    ]
    started = {
        tuple(container["args"])
        for manifest in manifests
        if manifest["kind"] in {"Deployment", "Job"}
        for container in manifest["spec"]["template"]["spec"]["containers"]
    }

    assert started == {(role,) for role in (*LONG_RUNNING_ROLES, "migrate")}
    assert overlay["resources"][0] == "../base"
    assert overlay["images"][0]["newName"] == f"sangkien/{service}"
    assert service in yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]


def test_kubernetes_tells_the_gateway_where_each_service_is_and_leads_everything_to_it() -> None:
    folder = ROOT / "deploy/kubernetes"
    overlay = yaml.safe_load((folder / "gateway/kustomization.yaml").read_text())
    told = {one.partition("=")[0] for one in overlay["configMapGenerator"][0]["literals"]}
    needed = set(re.findall(r"\{\$([A-Z_]+)\}", (ROOT / "deploy/gateway/Caddyfile").read_text()))
    of_the_image = set(re.findall(r"\b([A-Z]+_ROOT)=", (ROOT / "web/Dockerfile").read_text()))
    (rule,) = yaml.safe_load((folder / "routes.yaml").read_text())["spec"]["rules"]

    assert needed <= told | of_the_image
    assert rule == {"backendRefs": [{"name": "gateway", "port": 8080}]}
    assert "gateway" in yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
