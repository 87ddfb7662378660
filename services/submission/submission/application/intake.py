"""The acts of authors: draft, save, submit, withdraw. Each write is one atomic operation that carries the
new state, its event and the answer to the request; a repeated request gets that answer again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from chassis.clock import Clock
from chassis.permissions import PermissionTable, Resource
from chassis.problems import COMMON, Problem
from chassis.tokens import Principal
from chassis.web.idempotency import RequestKey
from chassis.web.idempotency import replay as stored_answer
from submission.application.answers import Outcome, outcome
from submission.application.ports import Announcements, CodeTaken, IdTaken, Initiatives, Stored
from submission.application.quotas import Quotas, TooManyDrafts
from submission.application.registering import Registrar
from submission.domain import initiative as acts
from submission.domain.campaigns import CampaignClosed, CampaignNotOpen
from submission.domain.completeness import Finding, Incomplete
from submission.domain.content import Content, Source
from submission.domain.initiative import Initiative
from submission.domain.states import Act, State, after, require_deletable

NAMESPACE = uuid.UUID("5b1a6f0e-3f0d-5e0a-9a53-6c8f4f1f2b77")

# Of ten million numbers per unit and year: five collisions in a row do not happen.
DRAWS = 5

T = TypeVar("T")


@dataclass(frozen=True)
class Import:
    """A record that is entered after the fact. registered_at: when it was handed in on paper, UTC."""

    registered_at: datetime


@dataclass(frozen=True)
class Intake:
    initiatives: Initiatives
    registrar: Registrar
    announcements: Announcements
    permissions: PermissionTable
    clock: Clock
    quotas: Quotas

    def create(
        self,
        principal: Principal,
        content: Content,
        key: RequestKey,
        *,
        submit: bool,
        imported: Import | None = None,
    ) -> Outcome:
        """A draft, or with `submit` an initiative submitted at once: one insert.

        The id comes from the person and the key, so that a repeated request meets its own document. Raises
        Incomplete, CampaignNotOpen, CampaignClosed, SubmissionQuotaReached, TooManyDrafts; Problem forbidden,
        idempotency-key-reused.
        """
        now = self.clock()
        unit = self.registrar.unit(content)
        source = self.registrar.require_author(principal, content, unit, imported=imported is not None)
        # A key has no NUL, so that no two pairs of person and key give the same name.
        id = str(uuid.uuid5(NAMESPACE, f"{principal.subject}\0{key.key}"))
        drafted = acts.draft(id, principal.subject, content, now)
        try:
            if not submit:
                return self._add_draft(drafted, key, source)
            self.quotas.take_submission(principal.subject, source)
            return self._add_submitted(principal, drafted, key, source, now, imported)
        except IdTaken:
            return self._repeat(id, key)

    def save(self, principal: Principal, id: str, content: Content, version: int) -> Initiative:
        """Another content for a draft or a requested revision. Raises NotAllowedInState, Incomplete;
        Problem not-found, forbidden, version-conflict."""
        stored = self._owned(principal, id, "initiative.edit")
        initiative = stored.initiative
        after(initiative.state, Act.EDIT)
        _require_version(initiative, version)
        unit = self.registrar.unit(content)
        if content.unit != initiative.content.unit:
            self.registrar.require_author(principal, content, unit, imported=False)
        changed = acts.edit(initiative, content, principal.subject)
        if not self.initiatives.replace(changed, None):
            raise Problem(COMMON["version-conflict"])
        return changed

    def submit(
        self, principal: Principal, id: str, content: Content | None, version: int, key: RequestKey
    ) -> Outcome:
        """Submit a draft, or submit again after a requested revision.

        With the content that the author sees, a draft takes one database operation. Whatever does not fit, a
        repeated request included, is found out by reading. Raises what `create` raises for a submission, and
        NotAllowedInState; Problem not-found, version-conflict.
        """
        written_for = None if content is None else content.on_behalf_of
        own = written_for is None or written_for == principal.subject
        self.quotas.take_submission(principal.subject, Source.SELF if own else Source.ON_BEHALF)
        refusal: Exception | None = None
        if content is not None:
            try:
                answer = self._submit_unread(principal, id, content, version, key)
            except (Incomplete, CampaignNotOpen, CampaignClosed, Problem) as error:
                # It may be a revision, which no window binds, or a repeated request.
                refusal = error
            else:
                if answer is not None:
                    return answer
        stored = self._owned(principal, id, "initiative.submit")
        earlier = stored_answer(stored.requests, key)
        if earlier is not None:
            return Outcome.repeated(earlier)
        after(stored.initiative.state, Act.SUBMIT)
        _require_version(stored.initiative, version)
        if refusal is not None and stored.initiative.state is State.DRAFT:
            raise refusal
        return self._submit_read(principal, stored.initiative, content, key)

    def findings(self, content: Content) -> list[Finding]:
        """What the rules say of a content, without the campaign's window."""
        return self.registrar.findings(content, self.clock())

    def withdraw(
        self, principal: Principal, id: str, version: int, key: RequestKey, reason: str | None = None
    ) -> Outcome:
        """Take an initiative back before it is decided. Raises NotAllowedInState; Problem not-found,
        forbidden, version-conflict, idempotency-key-reused."""
        stored = self._owned(principal, id, "initiative.withdraw")
        earlier = stored_answer(stored.requests, key)
        if earlier is not None:
            return Outcome.repeated(earlier)
        now = self.clock()
        withdrawn = acts.withdraw(stored.initiative, reason, now)
        _require_version(stored.initiative, version)
        answer = outcome(200, withdrawn)
        event = self.announcements.withdrawn(withdrawn, now=now)
        if not self.initiatives.replace(withdrawn, answer.stored(key), [event]):
            return self._overtaken(id, key)
        return answer

    def delete(self, principal: Principal, id: str, version: int) -> None:
        """Delete a draft, which nobody but its owners has seen. Raises NotAllowedInState; Problem not-found,
        forbidden, version-conflict."""
        stored = self._owned(principal, id, "initiative.delete")
        require_deletable(stored.initiative.state)
        _require_version(stored.initiative, version)
        if not self.initiatives.delete_draft(id, version):
            raise Problem(COMMON["version-conflict"])

    def _add_draft(self, drafted: Initiative, key: RequestKey, source: Source) -> Outcome:
        try:
            self.quotas.require_room_for_a_draft(drafted.owner, source)
        except TooManyDrafts:
            if self.initiatives.find(drafted.id) is None:
                raise
            return self._repeat(drafted.id, key)
        answer = outcome(201, drafted)
        self.initiatives.add(drafted, answer.stored(key))
        return answer

    def _add_submitted(
        self,
        principal: Principal,
        drafted: Initiative,
        key: RequestKey,
        source: Source,
        now: datetime,
        imported: Import | None,
    ) -> Outcome:
        at = now if imported is None else imported.registered_at
        if at > now:
            raise Incomplete([Finding("#/registered_at", "future-moment")])

        def write() -> Outcome:
            registration = self.registrar.register(principal, drafted.content, source, at)
            # Version 1: nobody has seen the draft.
            submitted = replace(acts.submit(drafted, registration, at), version=1)
            answer = outcome(201, submitted)
            event = self.announcements.submitted(submitted, resubmission=False, now=now)
            self.initiatives.add(submitted, answer.stored(key), [event])
            return answer

        return _redrawing(write)

    def _submit_unread(
        self, principal: Principal, id: str, content: Content, version: int, key: RequestKey
    ) -> Outcome | None:
        now = self.clock()
        unit = self.registrar.unit(content)
        source = self.registrar.require_author(principal, content, unit, imported=False)
        supposed = replace(acts.draft(id, principal.subject, content, now), version=version)

        def write() -> Outcome | None:
            registration = self.registrar.register(principal, content, source, now)
            submitted = acts.submit(supposed, registration, now)
            answer = outcome(200, submitted)
            event = self.announcements.submitted(submitted, resubmission=False, now=now)
            return answer if self.initiatives.submit_draft(submitted, answer.stored(key), [event]) else None

        return _redrawing(write)

    def _submit_read(
        self, principal: Principal, initiative: Initiative, content: Content | None, key: RequestKey
    ) -> Outcome:
        now = self.clock()
        first = initiative.state is State.DRAFT
        content = initiative.content if content is None else content

        def write() -> Outcome:
            submitted = self._submitted(principal, initiative, content, now)
            answer = outcome(200, submitted)
            event = self.announcements.submitted(submitted, resubmission=not first, now=now)
            if not self.initiatives.replace(submitted, answer.stored(key), [event]):
                return self._overtaken(initiative.id, key)
            return answer

        return _redrawing(write)

    def _submitted(
        self, principal: Principal, initiative: Initiative, content: Content, now: datetime
    ) -> Initiative:
        if initiative.state is State.REVISION_REQUESTED:
            found = self.registrar.findings(content, now)
            if found:
                raise Incomplete(found)
            return acts.resubmit(initiative, content, principal.subject, now)
        unit = self.registrar.unit(content)
        source = self.registrar.require_author(principal, content, unit, imported=False)
        registration = self.registrar.register(principal, content, source, now)
        # What the author sends is saved and submitted in one; the version rises once.
        saved = acts.edit(initiative, content, principal.subject)
        edited = replace(saved, version=initiative.version)
        return acts.submit(edited, registration, now)

    def _owned(self, principal: Principal, id: str, action: str) -> Stored:
        """The initiative, if this person may act on it; who may not even see it is told that there is
        none."""
        stored = self.initiatives.find(id)
        if stored is None:
            raise Problem(COMMON["not-found"])
        initiative = stored.initiative
        if not self.permissions.allows(principal, "initiative.read", seen_as(initiative)):
            raise Problem(COMMON["not-found"])
        self.permissions.require(principal, action, Resource(owners=initiative.editors()))
        return stored

    def _repeat(self, id: str, key: RequestKey) -> Outcome:
        stored = self.initiatives.find(id)
        if stored is None:
            raise Problem(COMMON["request-in-progress"])
        earlier = stored_answer(stored.requests, key)
        # So many requests later that the answer is no longer kept: say how it stands.
        return outcome(201, stored.initiative) if earlier is None else Outcome.repeated(earlier)

    def _overtaken(self, id: str, key: RequestKey) -> Outcome:
        """Another write came first: the same request sent twice, or a real change."""
        stored = self.initiatives.find(id)
        earlier = None if stored is None else stored_answer(stored.requests, key)
        if earlier is None:
            raise Problem(COMMON["version-conflict"])
        return Outcome.repeated(earlier)


def seen_as(initiative: Initiative) -> Resource:
    """What reading rights look at. A draft belongs to no unit yet: only its owners see it."""
    path = () if initiative.registration is None else initiative.registration.unit_path
    return Resource(owners=initiative.readers(), path=path)


def _require_version(initiative: Initiative, version: int) -> None:
    if initiative.version != version:
        raise Problem(COMMON["version-conflict"])


def _redrawing(write: Callable[[], T]) -> T:
    for _ in range(DRAWS - 1):
        try:
            return write()
        except CodeTaken:
            continue
    return write()
