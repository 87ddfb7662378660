"""The initiative as this service keeps it, and what each act makes of it. Pure: an act returns a new
initiative."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from submission.domain.completeness import Finding, Incomplete
from submission.domain.content import Content
from submission.domain.sequence import NEVER_SUBMITTED, Sequence
from submission.domain.states import Act, State, after


@dataclass(frozen=True, slots=True)
class Validated:
    """One level found the initiative valid; `at` in UTC."""

    level: int
    unit: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Milestones:
    """When what happened, in UTC; the last time where it may happen again."""

    submitted: datetime
    resubmitted: datetime | None = None
    in_review: datetime | None = None
    revision_requested: datetime | None = None
    validated: tuple[Validated, ...] = ()
    approved: datetime | None = None
    rejected: datetime | None = None
    withdrawn: datetime | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """What is fixed for good at the first submission.

    campaigns: all whose window held the moment. unit_path: root first. expected_answer_on: local day.
    submitted_by: who submitted; benefits and authors may still change with a revision.
    """

    code: str
    programme: str
    campaigns: tuple[str, ...]
    unit_path: tuple[str, ...]
    block: str | None
    expected_answer_on: date
    submitted_by: str
    source: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the review has come; 0 levels before there is a case. benefit_verified in VND."""

    level: int = 0
    levels: int = 0
    benefit_verified: int | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """A content that was submitted as `revision` and has been changed since. submitted_at: UTC."""

    revision: int
    submitted_at: datetime
    content: Content


# More rounds than that are kept by the events alone.
MOST_EARLIER = 10


@dataclass(frozen=True, slots=True)
class Initiative:
    """owner: who made it. Together with the member that it was made for (`content.on_behalf_of`) the only
    ones who may change it. `registration` and `milestones` are None as long as it is a draft.

    entered_by: who wrote the present content. involved: everybody who ever had a part in it (see
    `ever_involved`); it only grows. passed: what the review service says of it and this code does not know.
    """

    id: str
    version: int
    state: State
    sequence: Sequence
    owner: str
    content: Content
    created_at: datetime
    registration: Registration | None = None
    milestones: Milestones | None = None
    progress: Progress = Progress()
    withdrawal_reason: str | None = None
    earlier: tuple[Earlier, ...] = ()
    entered_by: str | None = None
    involved: frozenset[str] = frozenset()
    passed: Mapping[str, object] = field(default_factory=dict)

    def editors(self) -> frozenset[str]:
        """Who may edit, submit and withdraw."""
        return frozenset(filter(None, (self.owner, self.content.on_behalf_of)))

    def readers(self) -> frozenset[str]:
        """Whose own initiative it is: the editors and every author that is a member."""
        return self.editors() | frozenset(self.content.author_ids())

    def ever_involved(self) -> frozenset[str]:
        """Who may never decide on it (Circular 18/2013, article 8): authors of any submitted revision, who
        drafted, edited or submitted it, and the member that it was made for. The authors of a draft are not
        among them before it is submitted: naming somebody changes nothing until then."""
        everybody = self.involved | self.editors()
        if self.registration is None:
            return everybody
        written = frozenset[str]().union(*(one.content.author_ids() for one in self.earlier))
        return everybody | written | {self.registration.submitted_by} | frozenset(self.content.author_ids())


def draft(id: str, owner: str, content: Content, at: datetime) -> Initiative:
    return Initiative(id, 1, State.DRAFT, NEVER_SUBMITTED, owner, content, at, entered_by=owner)


def edit(initiative: Initiative, content: Content, by: str) -> Initiative:
    """Raises NotAllowedInState, and Incomplete when it touches what the first submission fixed.

    A revision that is only saved names nobody for good: its authors count once it is submitted."""
    state = after(initiative.state, Act.EDIT)
    _require_frozen_unchanged(initiative, content)
    return replace(
        initiative,
        state=state,
        content=content,
        version=initiative.version + 1,
        earlier=_kept_earlier(initiative),
        entered_by=_writer(initiative, content, by),
        involved=initiative.involved | {by},
    )


def submit(initiative: Initiative, registration: Registration, at: datetime) -> Initiative:
    """The first submission of a draft whose content is complete. at: UTC."""
    state = after(initiative.state, Act.SUBMIT)
    return _involving_all(
        replace(
            initiative,
            state=state,
            version=initiative.version + 1,
            sequence=initiative.sequence.next_revision(),
            registration=registration,
            milestones=Milestones(submitted=at),
        )
    )


def resubmit(initiative: Initiative, content: Content, by: str, at: datetime) -> Initiative:
    """A further submission, after a requested revision; what the first one fixed stays. at: UTC."""
    state = after(initiative.state, Act.SUBMIT)
    _require_frozen_unchanged(initiative, content)
    assert initiative.milestones is not None  # noqa: S101 - a revision follows a submission
    return _involving_all(
        replace(
            initiative,
            state=state,
            version=initiative.version + 1,
            sequence=initiative.sequence.next_revision(),
            content=content,
            milestones=replace(initiative.milestones, resubmitted=at),
            earlier=_kept_earlier(initiative),
            entered_by=_writer(initiative, content, by),
            involved=initiative.involved | {by},
        )
    )


def withdraw(initiative: Initiative, reason: str | None, at: datetime) -> Initiative:
    """Its revision is above that of any decision under way, so it wins over one made at the same time."""
    state = after(initiative.state, Act.WITHDRAW)
    assert initiative.milestones is not None  # noqa: S101 - only what was submitted can be withdrawn
    return replace(
        initiative,
        state=state,
        version=initiative.version + 1,
        sequence=initiative.sequence.next_revision(),
        milestones=replace(initiative.milestones, withdrawn=at),
        withdrawal_reason=reason,
    )


def _involving_all(submitted: Initiative) -> Initiative:
    return replace(submitted, involved=submitted.ever_involved())


def _writer(initiative: Initiative, content: Content, by: str) -> str | None:
    """Who wrote `content`: whoever sends the stored one again has not written it."""
    return initiative.entered_by if content == initiative.content else by


def _kept_earlier(initiative: Initiative) -> tuple[Earlier, ...]:
    """With what was submitted last, unless a change has put it there already. A draft was never submitted."""
    milestones, revision = initiative.milestones, initiative.sequence.revision
    if milestones is None or any(one.revision == revision for one in initiative.earlier):
        return initiative.earlier
    submitted_at = milestones.resubmitted or milestones.submitted
    return (*initiative.earlier, Earlier(revision, submitted_at, initiative.content))[-MOST_EARLIER:]


def _require_frozen_unchanged(initiative: Initiative, content: Content) -> None:
    names = ["on_behalf_of"] if initiative.registration is None else ["unit", "campaign", "on_behalf_of"]
    changed = [name for name in names if getattr(content, name) != getattr(initiative.content, name)]
    if changed:
        raise Incomplete([Finding(f"#/{name}", "frozen") for name in changed])
