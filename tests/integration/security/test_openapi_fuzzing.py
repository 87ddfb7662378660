"""Requests and sequences of requests made from each OpenAPI document (Schemathesis): nothing is answered with
a 5xx, nor with a status, type or shape that the document does not promise. The examples are few and the same
in every run; raise EXAMPLES and STEPS to search further.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from tests.support.four_services import SERVICES, SUBMITTER, UNIT, FourServices, signed

pytestmark = pytest.mark.tiers("embedded")

EXAMPLES, SEQUENCES, STEPS = 4, 6, 8
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Allowed everywhere, so that no request ends at the permissions.
EVERYTHING = signed(
    SUBMITTER,
    ("member", UNIT),
    *((role, "TLD") for role in ("support", "reviewer", "official", "admin")),
)
BOUNDED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

_VERSION = "$response.header.ETag"


def _links(*targets: tuple[str, Mapping[str, str]]) -> dict[str, Any]:
    return {
        f"link{number}": {"operationRef": f"#/paths/{target}", "parameters": dict(parameters)}
        for number, (target, parameters) in enumerate(targets)
    }


def _ref(path: str, method: str) -> str:
    return f"{path.replace('~', '~0').replace('/', '~1')}/{method}"


_INITIATIVE = {"path.id": "$response.body#/id", "header.If-Match": _VERSION}
_CASE = {"path.initiative_id": "$response.body#/items/0/initiative_id"}
# Which answer leads to which request; the documents themselves have no links.
LINKS: Mapping[str, Mapping[tuple[str, str, str], dict[str, Any]]] = {
    "submission": {
        ("/v1/initiatives", "post", "201"): _links(
            (_ref("/v1/initiatives/{id}", "get"), {"path.id": "$response.body#/id"}),
            (_ref("/v1/initiatives/{id}", "put"), _INITIATIVE),
            (_ref("/v1/initiatives/{id}/submit", "post"), _INITIATIVE),
            (_ref("/v1/initiatives/{id}/withdraw", "post"), _INITIATIVE),
            (_ref("/v1/receipts/{code}", "get"), {"path.code": "$response.body#/code"}),
        ),
        ("/v1/initiatives/{id}", "put", "200"): _links(
            (_ref("/v1/initiatives/{id}", "put"), _INITIATIVE),
            (_ref("/v1/initiatives/{id}/submit", "post"), _INITIATIVE),
        ),
        ("/v1/initiatives", "get", "200"): _links(
            (_ref("/v1/initiatives", "get"), {"query.cursor": "$response.body#/next"}),
        ),
        ("/v1/units", "get", "200"): _links(
            (_ref("/v1/units", "get"), {"query.cursor": "$response.body#/next"}),
            (_ref("/v1/units/{code}", "put"), {"path.code": "$response.body#/items/0/code"}),
        ),
        ("/v1/campaigns/{id}", "put", "200"): _links(
            (
                _ref("/v1/campaigns/{id}", "put"),
                {"path.id": "$response.body#/id", "header.If-Match": _VERSION},
            ),
        ),
    },
    "review": {
        ("/v1/cases", "get", "200"): _links(
            (_ref("/v1/cases/{initiative_id}", "get"), _CASE),
            (_ref("/v1/cases", "get"), {"query.cursor": "$response.body#/next"}),
        ),
        ("/v1/cases/{initiative_id}", "get", "200"): _links(
            (
                _ref("/v1/cases/{initiative_id}/decisions", "post"),
                {"path.initiative_id": "$response.body#/initiative_id", "header.If-Match": _VERSION},
            ),
        ),
    },
    "stats": {
        ("/v1/targets/{campaign}/{unit}", "get", "200"): _links(
            (
                _ref("/v1/targets/{campaign}/{unit}", "put"),
                {
                    "path.campaign": "$response.body#/campaign",
                    "path.unit": "$response.body#/unit",
                    "header.If-Match": _VERSION,
                },
            ),
        ),
    },
    "notify": {
        ("/v1/contacts/me", "get", "200"): _links(
            (_ref("/v1/contacts/me", "put"), {"header.If-Match": _VERSION}),
        ),
        ("/v1/contacts/{member_id}", "put", "200"): _links(
            (_ref("/v1/contacts/{member_id}", "get"), {"path.member_id": "$response.body#/member_id"}),
            (_ref("/v1/contacts/{member_id}", "delete"), {"path.member_id": "$response.body#/member_id"}),
        ),
    },
}
# Values that exist, where a generated one would only ever be unknown.
KNOWN: Mapping[str, Mapping[str, str]] = {
    "path_parameters": {"campaign": "phase-1", "unit": UNIT, "code": UNIT},
    "query": {"campaign": "phase-1"},
    "body": {"unit": UNIT, "campaign": "phase-1", "parent": "TLD"},
}
# What needs a second person or moment to fit, and else ends each sequence at its first step.
RARE = ("source", "registered_at", "on_behalf_of")


def schema_of(on: FourServices, service: str) -> Any:
    """The document as it is served, under the prefix that the gateway gives it, with links."""
    mounted = DispatcherMiddleware(
        NotFound(), {f"/api/{name}": app.wsgi_app for name, app in on.apps().items()}
    )
    document: Any = on.client(service).get("/v1/openapi.json").json
    for (path, method, status), links in LINKS[service].items():
        document["paths"][path][method]["responses"][status]["links"] = links
    schema = schemathesis.openapi.from_dict(document)
    schema.app = mounted
    return schema


def aim(case: Any) -> None:
    """Put values that exist in the place of made ones."""
    for part, values in KNOWN.items():
        container = getattr(case, part)
        if isinstance(container, dict):
            container.update({name: value for name, value in values.items() if name in container})


def judge(case: Any, response: Any) -> None:
    case.validate_response(response, checks=CHECKS)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda m: m.value)
@pytest.mark.parametrize("service", SERVICES)
def test_every_request_that_a_document_allows_or_forbids_gets_a_promised_answer(
    services: FourServices, service: str, mode: GenerationMode
) -> None:
    asked: dict[str, set[int]] = {}
    for found in schema_of(services, service).get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not _can_be_wrong(operation):
            continue

        @BOUNDED
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            services.client(service)
            for aimed in (False, True):
                if aimed:
                    aim(case)
                response = case.call(headers=EVERYTHING)
                asked.setdefault(case.operation.label, set()).add(response.status_code)
                judge(case, response)

        ask()

    assert asked
    assert any(status < 300 for statuses in asked.values() for status in statuses) or mode.is_negative


@pytest.mark.parametrize("service", SERVICES)
def test_sequences_of_requests_get_promised_answers(services: FourServices, service: str) -> None:
    for _ in range(3):
        services.case()
    schema = schema_of(services, service)
    schema.config.generation.update(modes=[GenerationMode.POSITIVE])
    machine: Any = schema.as_state_machine()
    statuses: set[int] = set()

    class Sequences(machine):  # type: ignore[misc]
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            services.client(service)
            return {"headers": EVERYTHING}

        def before_call(self, case: Any) -> None:
            aim(case)
            if "Idempotency-Key" in (case.headers or {}):
                case.headers["Idempotency-Key"] = services.key()
            if isinstance(case.body, dict):
                for name in RARE:
                    case.body.pop(name, None)

        def validate_response(self, response: Any, case: Any, *args: Any, **kwargs: Any) -> None:
            statuses.add(response.status_code)
            judge(case, response)

    Sequences.run(settings=settings(BOUNDED, max_examples=SEQUENCES, stateful_step_count=STEPS))

    assert any(status < 300 for status in statuses), statuses


def _can_be_wrong(operation: Any) -> bool:
    """Whether anything of a request is described so that it can be broken; any text is a path's part."""
    return any(list(getattr(operation, part)) for part in ("query", "headers", "body"))
