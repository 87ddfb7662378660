"""The use case of a decision: one conditional write of the case with its events, whatever happens at the same
time. Repeated requests get the first answer, late ones the reason why they do not count.
"""

from __future__ import annotations

from typing import Any

from chassis.clock import Clock
from chassis.tokens import Principal
from chassis.web.idempotency import RequestKey, StoredAnswer, remember, replay
from review.application.permissions import acting, may_read
from review.application.ports import Cases
from review.domain.case import Case
from review.domain.decisions import Decision, decide, ensure_current, ensure_disinterested
from review.domain.errors import StaleVersionError, UnknownCaseError
from review.domain.rulebook import Rulebook
from review.domain.workflow import State

CREATED = 201


def decide_case(
    cases: Cases,
    rules: Rulebook,
    clock: Clock,
    *,
    principal: Principal,
    case_id: str,
    decision: Decision,
    seen_version: int,
    request: RequestKey,
) -> StoredAnswer:
    """Decide at the case's current level; the answer that this request gets, now and when it is repeated.

    seen_version: the version of the case that the decider looked at. Raises ReviewError,
    or Problem `forbidden` and `idempotency-key-reused`.
    """
    # The second round sees what won the race, and so ends in an answer or in the reason of the refusal.
    for _ in range(2):
        kept = cases.find(case_id)
        if kept is None or not may_read(principal, kept.case):
            raise UnknownCaseError
        answered = replay(kept.answers, request)
        if answered is not None:
            return answered
        ensure_disinterested(kept.case, principal.subject)
        ensure_current(kept.case, seen_version, decision)
        actor = acting(principal, kept.case)
        move = decide(kept.case, decision, actor, clock(), rules)
        answer = StoredAnswer(request.key, request.fingerprint, CREATED, _outcome(move.case, decision))
        if cases.replace(move, remember(kept.answers, answer)):
            return answer
    raise StaleVersionError(seen_version)


def _outcome(case: Case, decision: Decision) -> dict[str, Any]:
    waits = case.state is State.IN_REVIEW
    return {
        "initiative_id": case.id,
        "decision": str(decision.choice),
        "state": str(case.state),
        "level": case.level,
        "levels": case.levels,
        "waiting_for": {"role": case.assigned.role, "unit": case.assigned.unit} if waits else None,
        "due_on": case.due_on.isoformat() if case.due_on else None,
        "version": case.version,
    }
