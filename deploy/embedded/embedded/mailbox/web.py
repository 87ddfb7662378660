"""The web page of the caught mails, and the part of Mailpit's API that tests and scripts use.

GET <root>/api/v1/messages?start=&limit=
GET <root>/api/v1/search?query=to:ADDRESS&start=&limit=
GET <root>/api/v1/message/{id}   GET <root>/api/v1/message/{id}/raw

It only reads: anybody who reaches the gateway reaches it, without a sign-in.
"""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Flask, Response, abort, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from embedded.mailbox.store import MailStore, Summary, body, parse

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 1000
# More than the mailbox ever keeps, and a number that its database takes.
NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
TO_QUERY = re.compile(r'to:"?([^"\s]+)"?')


def make_app(store: MailStore, root: str = "/mail") -> Flask:
    """The application; everything except /livez is under `root`."""
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(_Pages(store, root).blueprint(), url_prefix=root)
    app.add_url_rule("/livez", view_func=lambda: {"status": "alive"})
    app.register_error_handler(HTTPException, _problem)
    app.after_request(_headers)
    return app


def _problem(error: HTTPException) -> Response:
    response = jsonify({"title": error.name, "status": error.code, "detail": error.description})
    response.status_code = error.code or 500
    response.content_type = "application/problem+json"
    return response


def _headers(response: Response) -> Response:
    # A caught mail is untrusted HTML: it may be displayed, and nothing else.
    response.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; frame-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'",
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-store")
    return response


class _Pages:
    def __init__(self, store: MailStore, root: str) -> None:
        self._store = store
        self._root = root

    def blueprint(self) -> Blueprint:
        routes = Blueprint("mailbox", __name__, template_folder="templates")
        routes.add_url_rule("/", view_func=self.page)
        routes.add_url_rule("/style.css", view_func=self.style)
        routes.add_url_rule("/view/<identifier>", view_func=self.view)
        routes.add_url_rule("/view/<identifier>/html", view_func=self.view_html)
        routes.add_url_rule("/api/v1/messages", view_func=self.messages)
        routes.add_url_rule("/api/v1/search", view_func=self.search)
        routes.add_url_rule("/api/v1/message/<identifier>", view_func=self.message)
        routes.add_url_rule("/api/v1/message/<identifier>/raw", view_func=self.raw)
        return routes

    # ── API ──

    def messages(self) -> Response:
        return self._list(None)

    def search(self) -> Response:
        match = TO_QUERY.fullmatch(request.args.get("query", "").strip())
        if match is None:
            abort(400, "only the query to:ADDRESS is supported")
        return self._list(match[1])

    def _list(self, to: str | None) -> Response:
        start, limit = _number("start", 0), min(_number("limit", DEFAULT_LIMIT), LARGEST_LIMIT)
        found = self._store.newest(start, limit, to)
        answer = {
            "total": self._store.count(),
            "messages_count": self._store.count(to),
            "start": start,
            "messages": [_entry(summary) for summary in found],
        }
        return jsonify(answer)

    def message(self, identifier: str) -> Response:
        summary, raw = self._found(identifier)
        message = parse(raw)
        headers = {name: str(value) for name, value in message.items()}
        content = {"Text": body(message, "plain"), "HTML": body(message, "html"), "Headers": headers}
        return jsonify(_entry(summary) | {"Date": summary.received} | content)

    def raw(self, identifier: str) -> Response:
        return Response(self._found(identifier)[1], mimetype="text/plain")

    def _found(self, identifier: str) -> tuple[Summary, bytes]:
        found = self._store.get(identifier)
        if found is None:
            abort(404, "there is no such mail")
        return found

    # ── pages ──

    def page(self) -> str:
        to, start = request.args.get("to", "").strip() or None, _number("start", 0)
        mails = self._store.newest(start, DEFAULT_LIMIT, to)
        total = self._store.count(to)
        following = start + DEFAULT_LIMIT if start + DEFAULT_LIMIT < total else None
        return render_template(
            "list.html", root=self._root, mails=mails, to=to or "", total=total, following=following
        )

    def view(self, identifier: str) -> str:
        summary, raw = self._found(identifier)
        message = parse(raw)
        return render_template(
            "mail.html",
            root=self._root,
            mail=summary,
            text=body(message, "plain"),
            has_html=bool(body(message, "html")),
        )

    def view_html(self, identifier: str) -> Response:
        response = Response(body(parse(self._found(identifier)[1]), "html"), mimetype="text/html")
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'self'"
        )
        return response

    def style(self) -> Response:
        return Response(render_template("mailbox.css"), mimetype="text/css")


def _number(name: str, default: int) -> int:
    text = request.args.get(name, "")
    if not text:
        return default
    if NUMBER.fullmatch(text) is None:
        abort(400, f"{name} must be a whole number of at most nine digits")
    return int(text)


def _entry(summary: Summary) -> dict[str, Any]:
    return {
        "ID": summary.id,
        "MessageID": summary.message_id,
        "From": summary.sender,
        "To": summary.recipients,
        "Subject": summary.subject,
        "Created": summary.received,
        "Size": summary.size,
        "Snippet": summary.snippet,
    }
