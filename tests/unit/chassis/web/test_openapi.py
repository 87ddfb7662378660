"""The OpenAPI document that comes out of a service's blueprints."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_spec_validator import validate

from chassis.web import openapi
from tests.support.web_apps import example_app


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.document(example_app())


def test_it_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    validate(document)

    assert document["openapi"] == "3.1.0"
    assert document["info"] == {"title": "Example", "version": "1.2.3", "description": openapi.DESCRIPTION}
    assert document["servers"] == [{"url": "/api/example"}]


def test_the_served_document_is_the_same(document: dict[str, Any]) -> None:
    answer = example_app().test_client().get("/v1/openapi.json")

    assert answer.status_code == 200
    assert answer.json == document


def test_bodies_name_the_limits_of_their_fields(document: dict[str, Any]) -> None:
    properties = document["components"]["schemas"]["Idea"]["properties"]

    assert properties["title"] == {"type": "string", "minLength": 3, "maxLength": 20}
    assert properties["problem"] == {"type": "string", "maxLength": 2000}
    assert (properties["benefit"]["minimum"], properties["benefit"]["maximum"]) == (0, 10**15)
    assert properties["seen_at"] == {"type": "string", "format": "date-time"}
    assert properties["applied_on"] == {"type": "string", "format": "date"}
    assert properties["campaign"] == {"type": "string", "format": "uuid"}
    assert properties["unit"]["pattern"].startswith("^")


def test_errors_are_documented_as_problem_details(document: dict[str, Any]) -> None:
    responses = document["paths"]["/v1/ideas"]["post"]["responses"]

    assert responses["422"] == {"$ref": "#/components/responses/UNPROCESSABLE_ENTITY"}
    refused = document["components"]["responses"]["UNPROCESSABLE_ENTITY"]
    schema = refused["content"]["application/problem+json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Problem"}


def test_routes_need_a_token_unless_they_say_otherwise(document: dict[str, Any]) -> None:
    assert document["security"] == [{"bearer": []}]
    assert document["paths"]["/v1/public"]["get"]["security"] == []
    assert "security" not in document["paths"]["/v1/me"]["get"]


def test_the_query_of_a_list_is_documented(document: dict[str, Any]) -> None:
    parameters = document["paths"]["/v1/ideas"]["get"]["parameters"]

    assert {parameter["name"] for parameter in parameters} == {"cursor", "limit", "state"}
