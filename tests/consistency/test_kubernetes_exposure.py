"""What deploy/kubernetes opens: no flow that is not named here, no pod with rights, no image by `latest`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy/kubernetes"
SERVICES = ("submission", "review", "stats", "notify")
OVERLAYS = (*SERVICES, "gateway")
# What each role may be reached by (who, port), and may reach (whom, port); "*" stands for addresses that are
# the operator's own.
INGRESS = {
    "gateway": {("*", 8080)},
    "api": {("gateway", 8000), ("monitoring", 8000)},
    "worker": {("monitoring", 8001)},
    "migrate": set(),
    "topics": set(),
}
EGRESS = {
    "gateway": {("api", 8000)},
    "api": {("*", 27017), ("*", 443)},
    "worker": {("*", 27017), ("*", 9093)},
    "migrate": {("*", 27017)},
    "topics": {("*", 9093)},
}


def manifests(*kinds: str) -> list[dict[str, Any]]:
    documents = [
        one for path in sorted(FOLDER.rglob("*.yaml")) for one in yaml.safe_load_all(path.read_text())
    ]
    return [document for document in documents if document["kind"] in kinds]


def pods() -> list[dict[str, Any]]:
    return [manifest["spec"]["template"] for manifest in manifests("Deployment", "Job")]


POLICIES = {policy["metadata"]["name"]: policy["spec"] for policy in manifests("NetworkPolicy")}


def flows(rules: list[dict[str, Any]], peers: str) -> set[tuple[str, int]]:
    found = set()
    for rule in rules:
        names = [name for peer in rule.get(peers, ()) for name in _names(peer)] if rule.get(peers) else ["*"]
        assert rule["ports"], "a rule without ports allows all of them"
        found |= {(name, port["port"]) for name in names for port in rule["ports"]}
    return found


def _names(peer: dict[str, Any]) -> list[str]:
    ((_, selector),) = peer.items()
    (expression,) = selector["matchExpressions"]
    names: list[str] = expression["values"]
    return names


def test_nothing_is_reached_or_reaches_anything_by_default() -> None:
    policy = POLICIES["nothing-by-default"]

    assert policy == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert "network.yaml" in _kustomization(".")["resources"]


@pytest.mark.parametrize("role", INGRESS)
def test_a_role_has_the_flows_that_it_needs_and_no_other(role: str) -> None:
    policy = POLICIES[role]

    assert policy["podSelector"] == {"matchLabels": {"role": role}}
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert flows(policy["ingress"], "from") == INGRESS[role]
    assert flows(policy["egress"], "to") == EGRESS[role]


def test_all_resolve_names_and_only_the_worker_of_notify_sends_mail() -> None:
    settings = _settings("notify")

    assert set(POLICIES) == {*INGRESS, "nothing-by-default", "names", "mail"}
    assert flows(POLICIES["names"]["egress"], "to") == {("kube-system", 53)}
    assert flows(POLICIES["mail"]["egress"], "to") == {("*", int(settings["SMTP_PORT"]))}
    assert POLICIES["mail"]["podSelector"] == {"matchLabels": {"role": "worker"}}
    assert {name for name in OVERLAYS if "network.yaml" in _kustomization(name)["resources"]} == {
        "gateway",
        "notify",
    }
    assert "network.yaml" in _kustomization("base")["resources"]


def test_every_pod_is_of_a_role_with_a_policy() -> None:
    assert {pod["metadata"]["labels"]["role"] for pod in pods()} == set(INGRESS)


@pytest.mark.parametrize("pod", pods(), ids=lambda pod: pod["metadata"]["labels"]["role"])
def test_a_pod_has_no_rights_and_limits(pod: dict[str, Any]) -> None:
    spec = pod["spec"]
    (container,) = spec["containers"]
    role = pod["metadata"]["labels"]["role"]

    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    context = container["securityContext"]
    assert context["readOnlyRootFilesystem"] is True
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"]["drop"] == ["ALL"]
    assert context["capabilities"].get("add", []) == (["NET_BIND_SERVICE"] if role == "gateway" else [])
    assert container["resources"]["limits"]["memory"]


def test_an_image_is_of_the_version_that_compose_builds() -> None:
    version = tomllib.loads((ROOT / "services/submission/pyproject.toml").read_text())["project"]["version"]
    tags = {image["newTag"] for name in OVERLAYS for image in _kustomization(name)["images"]}
    named = {pod["spec"]["containers"][0]["image"] for pod in pods()} - {"service", "gateway"}

    assert tags == {version}
    assert named == {f"sangkien/sangkienctl:{version}"}
    assert set(re.findall(r"IMAGE_TAG:-([^}]*)", (ROOT / "docker-compose.yml").read_text())) == {version}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_signs_in_to_kafka_over_tls_and_takes_keys_over_https(service: str) -> None:
    settings = _settings(service)

    assert settings["KAFKA_SECURITY_PROTOCOL"] == "SASL_SSL"
    assert settings["KAFKA_SASL_MECHANISM"] == "SCRAM-SHA-512"
    assert settings["KAFKA_BOOTSTRAP"].endswith(":9093")
    assert settings["OIDC_JWKS_URL"].startswith("https://")
    assert "PLAIN_HOSTS" not in settings


def test_the_job_that_makes_topics_signs_in_as_the_services_do() -> None:
    (job,) = [manifest for manifest in manifests("Job") if manifest["metadata"]["name"] == "topics"]
    (container,) = job["spec"]["template"]["spec"]["containers"]
    given = {entry["name"]: entry["value"] for entry in container["env"]}
    service = _settings("submission")

    assert given == {name: service[name] for name in given}
    assert given.keys() == {"KAFKA_BOOTSTRAP", "KAFKA_SECURITY_PROTOCOL", "KAFKA_SASL_MECHANISM"}
    assert container["envFrom"] == [{"secretRef": {"name": "topics-secrets"}}]


@pytest.mark.parametrize(
    "secret", ["KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD", "MONGO_URI", "topics-secrets"]
)
def test_the_page_says_which_secrets_are_to_be_given(secret: str) -> None:
    assert f"`{secret}`" in (FOLDER / "README.md").read_text()


def test_kubernetes_and_compose_let_the_same_parts_reach_kafka_and_the_databases() -> None:
    parts = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    in_compose = {
        name.partition("-")[2] or name for name, part in parts.items() if "events" in part["networks"]
    } - {"kafka", "prometheus"}

    assert {role for role, allowed in EGRESS.items() if ("*", 9093) in allowed} == in_compose
    for service in SERVICES:
        members = {name for name, part in parts.items() if service in part["networks"]} - {f"{service}-db"}
        assert {role for role, allowed in EGRESS.items() if ("*", 27017) in allowed} == {
            name.partition("-")[2] for name in members
        }


def _kustomization(folder: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((FOLDER / folder / "kustomization.yaml").read_text())
    return document


def _settings(overlay: str) -> dict[str, str]:
    (generator,) = _kustomization(overlay)["configMapGenerator"]
    return dict(literal.split("=", 1) for literal in generator["literals"])
