"""Writes the corpus of a release: events and documents as its own code writes them, after one small history
of everything that can happen to an initiative.

`python -m tests.corpus.write 1.0`, run on the code of that release. A corpus that is committed never changes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bson import json_util

import contracts
from chassis.events.codec import Event, EventCodec, PendingEvent
from chassis.operations.store import Lag, Letter, Operations, Outbox, Report
from tests.support.four_services import PATH, UNIT, FourServices, four_services, signed
from tests.support.mongo_servers import EmbeddedMongo

FOLDER = Path(__file__).parent

ADMIN = signed("m-admin00001", ("admin", "TLD"))
SUPPORT = signed("m-supp0rt001", ("support", UNIT))
REVIEWER = signed("m-rev1ewer01", ("reviewer", PATH[1]))
MEMBER = signed("m-subm1t0001", ("member", UNIT))
Decisions = Sequence[tuple[Mapping[str, str], Mapping[str, Any]]]
# How an initiative is decided: who, and what.
PASS: Decisions = [
    (SUPPORT, {"decision": "validate"}),
    (REVIEWER, {"decision": "validate", "verified_benefit_vnd": 7}),
]
ASK: Decisions = [
    (
        SUPPORT,
        {
            "decision": "request_revision",
            "items": [{"pointer": "#/problem", "code": "vague", "text": "Rõ hơn"}],
        },
    )
]
REFUSE: Decisions = [(SUPPORT, {"decision": "reject", "reason_code": "not-new", "text": "Đã có."})]
OUTBOXES = {
    "submission": ("units", "campaigns", "initiatives"),
    "review": ("cases",),
    "stats": ("targets",),
}


class History:
    """The four services, with events carried from one to the others by hand, and kept."""

    def __init__(self, services: FourServices) -> None:
        self.on = services
        self.events: list[PendingEvent] = []
        self._codec = EventCodec(contracts.topics(), "/services/submission")

    def act(
        self, service: str, method: str, path: str, who: Mapping[str, str], **given: Any
    ) -> dict[str, Any]:
        answer = self.on.ask(service, method, path, who, **given)
        assert answer.status_code < 300, answer.text
        self.carry()
        return dict(answer.json or {})

    def carry(self) -> None:
        """Publish what is pending, until nothing is."""
        while pending := list(self._pending()):
            self.events += pending
            events = [self._decoded(event) for event in pending]
            handlers: dict[str, Callable[[Sequence[Event]], None]] = {
                "submission": self.on.submission.handler,
                "review": self.on.review.handler,
                "stats": self.on.stats.handler,
            }
            for service, handler in handlers.items():
                handler([event for event in events if service in contracts.topics()[event.topic].consumers])
            self.on.notify.handle(*(e for e in events if "notify" in contracts.topics()[e.topic].consumers))

    def _pending(self) -> Iterable[PendingEvent]:
        for service, collections in OUTBOXES.items():
            for name in collections:
                collection = getattr(self.on, service).db[name]
                for document in collection.find({"outbox": {"$exists": True}}):
                    yield from map(PendingEvent.from_document, document["outbox"])
                collection.update_many({}, {"$unset": {"outbox": "", "outbox_lane": ""}})

    def _decoded(self, event: PendingEvent) -> Event:
        return self._codec.decode(event.topic, event.key.encode(), event.value, event.headers)

    def submit(self, who: Mapping[str, str] = MEMBER, **changes: Any) -> dict[str, Any]:
        body = self.on.content(**changes) | {"submit": True}
        return self.act("submission", "POST", "/v1/initiatives", who, body=body)

    def decide(self, id: str, decisions: Decisions) -> None:
        for who, body in decisions:
            version = self.on.review.document(id)["version"]
            path = f"/v1/cases/{id}/decisions"
            self.act("review", "POST", path, who, body=dict(body), version=version)

    def again(self, made: Mapping[str, Any], act: str, **changes: Any) -> dict[str, Any]:
        path = f"/v1/initiatives/{made['id']}"
        version = self.on.submission.document(str(made["id"]))["version"]
        body = {"reason": None} if act == "withdraw" else self.on.content(**changes)
        return self.act("submission", "POST", f"{path}/{act}", MEMBER, body=body, version=version)


def tell(history: History) -> None:
    """Everything that can happen, once."""
    on = history.on
    unit = {
        "name_vi": "Công đoàn Pin Hà Nội", "name_en": None, "parent": UNIT, "level": "grassroots",
        "block": "enterprise", "cluster": "Cụm 1", "valid_from": "2022-01-01", "valid_to": None,
    }  # fmt: skip
    history.act("submission", "PUT", "/v1/units/HC-PIN-MOI", ADMIN, body=unit)
    campaign = {
        "programme": "1-trieu-sang-kien", "name_vi": "Tuần cao điểm", "name_en": "Peak week",
        "opens_at": "2022-05-22T17:00:00Z", "closes_at": "2022-05-31T17:00:00Z",
        "eligible_from": "2021-09-01", "eligible_to": "2023-09-01",
    }  # fmt: skip
    history.act("submission", "PUT", "/v1/campaigns/peak-week", ADMIN, body=campaign)
    for member, grants in (("m-subm1t0001", []), ("m-supp0rt001", [{"role": "support", "unit": UNIT}])):
        contact = {
            "name": "Nguyễn Văn An",
            "email": f"{member}@example.org",
            "locale": "vi",
            "grants": grants,
        }
        history.act("notify", "PUT", f"/v1/contacts/{member}", ADMIN, body=contact)
    version = int(on.ask("stats", "GET", f"/v1/targets/phase-1/{UNIT}", {}).headers["ETag"].strip('"'))
    target = f"/v1/targets/phase-1/{UNIT}"
    history.act("stats", "PUT", target, ADMIN, body={"target": 1}, version=version)

    history.act("submission", "POST", "/v1/initiatives", MEMBER, body=on.content())
    recognition = {
        "decision_no": "12/QĐ-HC", "decided_on": "2022-04-01", "issuer": "Công ty Apatit", "level": "Cơ sở",
    }  # fmt: skip
    history.decide(history.submit(consent_to_publish=True, recognition=recognition)["id"], PASS)
    history.decide(history.submit()["id"], REFUSE)
    history.submit(confidential=True)
    withdrawn = history.submit()
    history.again(withdrawn, "withdraw")
    asked = history.submit()
    history.decide(asked["id"], ASK)
    history.again(asked, "submit", title="Gầu xúc cải tiến, bản sửa")
    waiting = history.submit()
    history.decide(waiting["id"], PASS[:1])
    history.decide(history.submit()["id"], ASK)
    foreign = signed("m-0ther00001", ("support", UNIT))
    made = history.act(
        "submission", "POST", "/v1/initiatives", foreign, body=on.content(on_behalf_of="m-subm1t0001")
    )
    history.again(made, "submit", on_behalf_of="m-subm1t0001")
    paper = {"submit": True, "source": "import", "registered_at": "2022-05-03T02:00:00Z"}
    history.act("submission", "POST", "/v1/initiatives", foreign, body=on.content() | paper)
    # Still in its outbox.
    on.initiative(submit=True)


def report(history: History) -> None:
    """The operators' page of each service, with one of everything; and a job."""
    at = datetime(2022, 6, 1, tzinfo=UTC)
    letter = Letter(3, "initiative.submitted", "k", "InvalidData", "invalid-data", 1, "2022-06-01T00:00:00Z")
    for service in ("submission", "review", "stats", "notify"):
        operations = Operations(getattr(history.on, service).db, lambda: at)
        operations.write(Report(at, (Lag("unit.changed", 2),), (Outbox("cases", 1, at),), 1, (letter,)))
        operations.ask(3, "m-0perator01")
    history.on.job("m-subm1t0001")


def write(folder: Path, history: History) -> None:
    for service in ("submission", "review", "stats", "notify"):
        db = getattr(history.on, service).db
        collections = {
            name: list(db[name].find().sort("_id", 1))
            for name in sorted(db.list_collection_names())
            if name not in ("migrations", "leases")
        }
        path = folder / "documents" / f"{service}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json_util.dumps(collections, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    events = [
        {"topic": one.topic, "key": one.key, "headers": dict(_texts(one)), "value": json.loads(one.value)}
        for one in history.events
    ]
    text = json.dumps(events, indent=1, ensure_ascii=False)
    (folder / "events.json").write_text(text + "\n")


def _texts(event: PendingEvent) -> Iterable[tuple[str, str]]:
    return ((name, value.decode()) for name, value in event.headers)


def main(release: str) -> int:
    folder = FOLDER / release
    if folder.exists():
        print(f"{folder} exists: a corpus never changes", file=sys.stderr)
        return 1
    server = EmbeddedMongo()
    server.start()
    try:
        with four_services(server) as services:
            history = History(services)
            tell(history)
            report(history)
            write(folder, history)
    finally:
        server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
