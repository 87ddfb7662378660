"""A small application on the chassis for tests of its web part, with one route for each behaviour."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Flask, Response, request
from flask.views import MethodView
from marshmallow import fields, validate

from chassis.problems import COMMON, Problem, ProblemType
from chassis.settings import ServiceSettings
from chassis.tokens import TokenVerifier
from chassis.web import Blueprint, create_app, optional_principal, principal
from chassis.web.etags import etag, if_match, not_modified
from chassis.web.idempotency import request_key
from chassis.web.schemas import (
    Day,
    Items,
    MemberId,
    PageQuery,
    Schema,
    Text,
    Timestamp,
    UnitCode,
    Uuid,
    Vnd,
    page_schema,
)
from tests.support import signed_tokens

SETTINGS = ServiceSettings(
    mongo_uri="mongodb://127.0.0.1:1/",
    mongo_database="example",
    kafka_bootstrap="127.0.0.1:1",
    oidc_issuer=signed_tokens.ISSUER,
    oidc_jwks_url=signed_tokens.JWKS_URL,
)
COLOUR, NAME, Q = (
    {"in": "query", "name": name, "schema": {"type": "string"}} for name in ("colour", "name", "q")
)
TEAPOT = ProblemType("teapot", 418, "Ấm trà", "Teapot", "Không pha {drink}.", "No {drink}.")


class ColdError(Exception):
    """A domain error of the example."""


class AuthorSchema(Schema):
    member_id = MemberId()
    share = fields.Decimal(places=2, as_string=True)


class IdeaSchema(Schema):
    title = Text(required=True, min_length=3, max_length=20)
    problem = Text(multiline=True, max_length=2000)
    unit = UnitCode()
    authors = Items(fields.Nested(AuthorSchema), most=3)
    benefit = Vnd(allow_none=True)
    applied_on = Day()
    seen_at = Timestamp()
    campaign = Uuid()


class TitleSchema(Schema):
    title = Text(required=True, min_length=3, max_length=20)


class ItemSchema(Schema):
    code = fields.String()


class EverythingQuery(PageQuery):
    state = fields.String(validate=validate.OneOf(["draft", "submitted"]))


def example_blueprint(raise_: Callable[[], None] = lambda: None) -> Blueprint:
    """raise_: called by /v1/raise."""
    routes = Blueprint("ideas", "ideas", url_prefix="/v1", description="Examples")

    @routes.route("/ideas")
    class Ideas(MethodView):
        @routes.doc(security=[])
        @routes.arguments(EverythingQuery, location="query")
        @routes.response(200, page_schema(ItemSchema, "ItemPage"))
        def get(self, query: dict[str, Any]) -> Any:
            return {"items": [{"code": str(query["limit"])}], "next": query["cursor"]}

        @routes.doc(security=[])
        @routes.arguments(IdeaSchema)
        @routes.response(201, IdeaSchema)
        def post(self, idea: dict[str, Any]) -> Any:
            return idea

    @routes.route("/strict", methods=["POST"])
    @routes.doc(security=[])
    @routes.arguments(TitleSchema(), error_status_code=422)
    def strict(idea: dict[str, Any]) -> Any:
        return idea

    _add_identity(routes)
    _add_preconditions(routes)

    @routes.route("/raise", methods=["GET", "POST"])
    @routes.doc(security=[], parameters=[NAME])
    def fail() -> Any:
        raise_()
        return {}

    return routes


def _add_identity(routes: Blueprint) -> None:
    @routes.route("/me")
    def me() -> Any:
        again = optional_principal()
        return {"subject": principal().subject, "same": again is principal()}

    @routes.route("/own-ideas", methods=["GET", "POST", "DELETE"])
    @routes.arguments(IdeaSchema)
    def own_ideas(idea: dict[str, Any]) -> Any:
        return idea, 201

    @routes.route("/choice")
    @routes.doc(security=[{}, {"bearer": []}], parameters=[COLOUR])
    def choice() -> Any:
        found = optional_principal()
        return {"subject": None if found is None else found.subject, "colour": request.args.get("colour")}

    @routes.route("/public")
    @routes.doc(security=[])
    def public() -> Any:
        found = optional_principal()
        return {"subject": None if found is None else found.subject}


def _add_preconditions(routes: Blueprint) -> None:
    @routes.route("/keyed/<thing>", methods=["POST", "PUT"])
    @routes.doc(security=[], parameters=[Q])
    def keyed(thing: str) -> Any:
        key = request_key()
        return {"key": key.key, "fingerprint": key.fingerprint}

    @routes.route("/versions/<int:version>", methods=["GET", "PUT"])
    @routes.doc(security=[], parameters=[Q])
    def versions(version: int) -> Any:
        if request.method == "PUT":
            return {"read": if_match()}
        if not_modified(etag(version)):
            return Response(status=304, headers={"ETag": etag(version)})
        return {"version": version}, 200, {"ETag": etag(version), "Cache-Control": "private"}


def domain_errors(error: Exception) -> Problem | None:
    return Problem(TEAPOT, drink="trà") if isinstance(error, ColdError) else None


def example_app(
    *,
    raise_: Callable[[], None] = lambda: None,
    readiness: Mapping[str, Callable[[], None]] | None = None,
    verifier: TokenVerifier | None = None,
    blueprints: Sequence[Any] | None = None,
    settings: ServiceSettings = SETTINGS,
) -> Flask:
    return create_app(
        service="example",
        settings=settings,
        version="1.2.3",
        blueprints=[example_blueprint(raise_)] if blueprints is None else blueprints,
        verifier=verifier or signed_tokens.verifier(),
        readiness=readiness or {},
        domain_errors=domain_errors,
        title="Example",
    )


def not_found() -> None:
    raise Problem(COMMON["not-found"])
