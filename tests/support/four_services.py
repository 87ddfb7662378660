"""All four services as Flask applications on one database server, with tokens that are not verified, for the
tests of what attackers and strangers may do. All services know the same union tree and campaign.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chassis.jobs.job import NewJob
from chassis.jobs.store import Jobs
from chassis.mongo.client import connect
from chassis.web.current import VERIFIER
from notify.migrations import MIGRATIONS as NOTIFY_MIGRATIONS
from tests.support import notify_news
from tests.support.mongo_servers import DatabaseSettings, MongoServer, drop
from tests.support.notify_stage import Notify, Trusting, as_member
from tests.support.notify_stage import application as notify_application
from tests.support.review_api import SUBMISSION_CODEC, ReviewService
from tests.support.review_cases import Submission, Ticking
from tests.support.round_trips import RoundTrips
from tests.support.smtp_servers import Postbox
from tests.support.stats_service import Stats
from tests.support.submission_service import SubmissionService, content

PATH = ("TLD", "CD-CONG-THUONG", "CT-HOA-CHAT")
UNIT = PATH[-1]
SUBMITTER, AUTHOR, STRANGER = "m-subm1t0001", "m-auth0r0001", "m-strang3r01"
# An author of the first revision of every case, but no longer; and who decided level 1 of those that wait at
# level 2.
FORMER, OTHER_LEVEL = "m-f0rmer0001", "m-supp0rt001"
SERVICES = ("submission", "review", "stats", "notify")


def signed(subject: str | None, *grants: tuple[str, str]) -> dict[str, str]:
    """The Authorization header of a person; empty for anonymous."""
    return {} if subject is None else as_member(subject, *(f"{role}:{unit}" for role, unit in grants))


@dataclass
class FourServices:
    submission: SubmissionService
    review: ReviewService
    stats: Stats
    notify: Notify
    notify_app: Flask
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _kept: dict[str, str] = field(default_factory=dict)

    def apps(self) -> Mapping[str, Flask]:
        return {
            "submission": self.submission.app,
            "review": self.review.client.application,
            "stats": self.stats.http.application,
            "notify": self.notify_app,
        }

    def client(self, service: str) -> FlaskClient:
        if service == "stats":
            # The thread that does this every second is not running here.
            self.stats.copy.refresh()
        return self.apps()[service].test_client()

    def key(self) -> str:
        return f"key-{next(self._numbers)}"

    def ask(
        self,
        service: str,
        method: str,
        path: str,
        who: Mapping[str, str],
        *,
        body: Any = None,
        version: int | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> TestResponse:
        """One request; a POST gets a new Idempotency-Key."""
        headers = dict(who)
        if method == "POST":
            headers["Idempotency-Key"] = self.key()
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return self.client(service).open(path, method=method, json=body, headers=headers, query_string=query)

    # ── things to ask about, all of SUBMITTER and AUTHOR at UNIT ──

    def content(self, **changes: Any) -> dict[str, Any]:
        authors = [
            {"member_id": SUBMITTER, "share": "60.00", "lead": True},
            {"member_id": AUTHOR, "share": "40.00", "lead": False},
        ]
        return content(unit=UNIT, authors=authors) | changes

    def initiative(self, *, submit: bool, **changes: Any) -> dict[str, Any]:
        """The answer to its submitter: id, version, code."""
        answer = self.ask(
            "submission",
            "POST",
            "/v1/initiatives",
            signed(SUBMITTER, ("member", UNIT)),
            body=self.content(**changes) | {"submit": submit},
        )
        assert answer.status_code == 201, answer.text
        return dict(answer.json or {})

    def relay(self) -> None:
        """Deliver submission's pending events to review, as relay, broker and consumer do."""
        # Units first: the order of topics is not guaranteed, and the copy must be up to date.
        for collection in ("units", "initiatives"):
            store = self.submission.db[collection]
            for document in list(store.find({"outbox": {"$exists": True}})):
                for event in document["outbox"]:
                    key, value = event["key"].encode(), event["value"]
                    headers = [(name, text.encode()) for name, text in event["headers"]]
                    decoded = SUBMISSION_CODEC.decode(event["topic"], key, value, headers)
                    self.review.handler([decoded])
                store.update_one({"_id": document["_id"]}, {"$unset": {"outbox": "", "outbox_lane": ""}})
        self.review.units.refresh()

    def case(self, *, level: int = 1, several: bool = False) -> str:
        """The id of a case that waits at a level, in its second revision. several: whether its policy lets
        one person decide several levels."""
        case = str(uuid.uuid4())
        first = Submission(id=case, path=PATH, authors=(AUTHOR, FORMER), submitted_by=SUBMITTER)
        self.review.tell(first.submit())
        self.review.tell(replace(first, authors=(AUTHOR,)).submit(2, level=1))
        flag = {"policy.several_levels_by_one_person": several}
        self.review.db["cases"].update_one({"_id": case}, {"$set": flag})
        if level == 2:
            decider = signed(OTHER_LEVEL, ("support", UNIT))
            path, body = f"/v1/cases/{case}/decisions", {"decision": "validate"}
            answer = self.ask("review", "POST", path, decider, body=body, version=2)
            assert answer.status_code == 201, answer.text
        return case

    def kept(self, kind: str) -> str:
        """The id of a draft, a submitted initiative or a case: the same one until `forget`."""
        if kind not in self._kept:
            made = self.case() if kind == "case" else self.initiative(submit=kind == "submitted")["id"]
            self._kept[kind] = made
        return self._kept[kind]

    def forget(self, *kinds: str) -> None:
        for kind in kinds:
            self._kept.pop(kind, None)

    def inbox_entry(self) -> str:
        """The id of a new entry in the inbox of SUBMITTER."""
        changes = {"initiative_id": str(uuid.uuid4()), "author_ids": [], "submitted_by": SUBMITTER}
        told = notify_news.event("initiative.approved", changes)
        self.notify.handle(told)
        return told.id

    def job(self, owner: str | None) -> str:
        """The id of a new job of notify that no worker knows."""
        id = str(uuid.uuid4())
        Jobs(self.notify.db, self.notify.clock).enqueue(NewJob(id, "unknown", owner=owner))
        return id

    def contact(self, member: str) -> str:
        """The member, entered by the administration."""
        answer = self.ask(
            "notify",
            "PUT",
            f"/v1/contacts/{member}",
            signed("m-admin00001", ("admin", "TLD")),
            body=CONTACT,
        )
        assert answer.status_code == 200, answer.text
        return member


CAMPAIGN_FACTS = {
    "programme": "1-trieu-sang-kien",
    "name_vi": "Đợt thử",
    "name_en": "A trial",
    "opens_at": "2022-01-07T17:00:00Z",
    "closes_at": "2022-05-31T17:00:00Z",
    "eligible_from": "2021-09-01",
    "eligible_to": "2023-09-01",
}
CONTACT = {"name": "Nguyễn Văn An", "email": "an@example.org", "locale": "vi", "grants": []}


@contextmanager
def four_services(server: MongoServer) -> Iterator[FourServices]:
    """The services, each with a new database on the server."""
    with ExitStack() as stack:
        databases = {}
        for service in SERVICES:
            settings = DatabaseSettings(server.uri, f"s{uuid.uuid4().hex[:12]}")
            client = connect(settings)
            stack.callback(client.close)
            stack.callback(drop, client, settings.mongo_database)
            databases[service] = client[settings.mongo_database]
        for migration in NOTIFY_MIGRATIONS:
            migration.run(databases["notify"])
        postbox = Postbox()
        postbox.port = 1  # no mail is sent here
        notify = Notify(databases["notify"], RoundTrips(), postbox)
        stats = Stats(databases["stats"], server.uri)
        stack.callback(stats.close)
        stats.tell_tree([PATH, (*PATH[:2], "CT-DET-MAY")], campaigns=["phase-1"])
        review = ReviewService(databases["review"], clock=Ticking())
        review.tell_path(PATH)
        review.later(days=1)
        made = FourServices(
            SubmissionService(databases["submission"]),
            review,
            stats,
            notify,
            notify_application(notify),
        )
        for app in made.apps().values():
            app.extensions[VERIFIER] = Trusting()
        yield made
