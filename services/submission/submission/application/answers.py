"""The answers of the acts that carry an Idempotency-Key, as they are stored and repeated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chassis.clock import rfc3339
from chassis.web.idempotency import RequestKey, StoredAnswer
from submission.domain.initiative import Initiative


@dataclass(frozen=True)
class Outcome:
    """What a client gets: the HTTP status and body; `version` becomes the ETag."""

    status: int
    body: dict[str, Any]

    @property
    def version(self) -> int:
        version: int = self.body["version"]
        return version

    def stored(self, key: RequestKey) -> StoredAnswer:
        return StoredAnswer(key.key, key.fingerprint, self.status, self.body)

    @classmethod
    def repeated(cls, answer: StoredAnswer) -> Outcome:
        return cls(answer.status, dict(answer.body))


def outcome(status: int, initiative: Initiative) -> Outcome:
    """The short account of an initiative after an act."""
    body: dict[str, Any] = {
        "id": initiative.id,
        "version": initiative.version,
        "state": str(initiative.state),
        "revision": initiative.sequence.revision,
        "unit": initiative.content.unit,
        "code": None,
        "campaign": initiative.content.campaign,
        "campaigns": [],
        "submitted_at": None,
        "expected_answer_on": None,
    }
    if initiative.registration is not None and initiative.milestones is not None:
        body["code"] = initiative.registration.code
        body["campaigns"] = list(initiative.registration.campaigns)
        body["submitted_at"] = rfc3339(initiative.milestones.submitted)
        body["expected_answer_on"] = initiative.registration.expected_answer_on.isoformat()
    return Outcome(status, body)
