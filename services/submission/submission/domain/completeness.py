"""What still keeps a content from being submitted: every finding at once, each with its place and a stable
code. The words for a code are the entrypoint's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from submission.domain import shares
from submission.domain.campaigns import Campaign
from submission.domain.content import Benefit, Content, Declarations, Recognition
from union.units import Unit

MIN_TITLE = 10


@dataclass(frozen=True)
class Finding:
    """pointer: "#/authors/0/share"; code: stable; params: for the words."""

    pointer: str
    code: str
    params: Mapping[str, object] = field(default_factory=dict)


class Incomplete(Exception):
    """A submission was refused for these findings."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(", ".join(f"{finding.pointer} {finding.code}" for finding in findings))
        self.findings = findings


@dataclass(frozen=True)
class BenefitLimits:
    """Data of the programme, VND: from `confirm_from_vnd` on the author confirms the amount; above
    `most_without_evidence_vnd` the decision of recognition must be there."""

    confirm_from_vnd: int
    most_without_evidence_vnd: int


@dataclass(frozen=True)
class Circumstances:
    """What the rules look at besides the content.

    unit, campaign: those that the content names, None if they do not exist. fields: the known fields of work.
    today: the local day of the submission. benefit: the limits of a declared amount.
    """

    unit: Unit | None
    campaign: Campaign | None
    fields: frozenset[str]
    today: date
    benefit: BenefitLimits


Rule = Callable[[Content, Circumstances], Iterator[Finding]]


def findings(content: Content, circumstances: Circumstances) -> list[Finding]:
    """Every finding, in the order of the form; empty when the content may be submitted."""
    return [finding for rule in RULES for finding in rule(content, circumstances)]


def _required(pointer: str) -> Finding:
    return Finding(pointer, "required")


def _title(content: Content, _: Circumstances) -> Iterator[Finding]:
    if content.title is None:
        yield _required("#/title")
    elif len(content.title) < MIN_TITLE:
        yield Finding("#/title", "too-short", {"min": MIN_TITLE})


def _classification(content: Content, circumstances: Circumstances) -> Iterator[Finding]:
    if content.solution_type is None:
        yield _required("#/solution_type")
    if content.field is None:
        yield _required("#/field")
    elif content.field not in circumstances.fields:
        yield Finding("#/field", "unknown-field")


def _where(content: Content, circumstances: Circumstances) -> Iterator[Finding]:
    if circumstances.unit is None:
        yield Finding("#/unit", "unknown-unit")
    elif not circumstances.unit.exists_on(circumstances.today):
        yield Finding("#/unit", "unit-ended")
    if content.campaign is None:
        yield _required("#/campaign")
    elif circumstances.campaign is None:
        yield Finding("#/campaign", "unknown-campaign")


def _authors(content: Content, _: Circumstances) -> Iterator[Finding]:
    if not content.authors:
        yield _required("#/authors")
        return
    members = [author.member_id for author in content.authors]
    for index, author in enumerate(content.authors):
        at = f"#/authors/{index}"
        if (author.member_id is None) == (author.external_name is None):
            yield Finding(at, "author-identity")
        if author.member_id is not None and author.member_id in members[:index]:
            yield Finding(f"{at}/member_id", "duplicate-author")
        if author.share is None:
            yield _required(f"{at}/share")
        elif author.share == 0:
            yield Finding(f"{at}/share", "share-zero")
    if sum(author.lead for author in content.authors) != 1:
        yield Finding("#/authors", "one-lead")
    if content.on_behalf_of is not None and content.on_behalf_of not in members:
        yield Finding("#/on_behalf_of", "not-an-author")


def _shares(content: Content, _: Circumstances) -> Iterator[Finding]:
    given = [author.share for author in content.authors if author.share is not None]
    if given and len(given) == len(content.authors) and not shares.add_up(given):
        yield Finding("#/authors", "shares-sum", {"sum": shares.text(sum(given))})


def _texts(content: Content, _: Circumstances) -> Iterator[Finding]:
    for name in ("problem", "solution", "novelty", "applicability"):
        if not getattr(content, name):
            yield _required(f"#/{name}")


def _first_applied(content: Content, circumstances: Circumstances) -> Iterator[Finding]:
    day, campaign = content.first_applied_on, circumstances.campaign
    if day is None:
        yield _required("#/first_applied_on")
    elif day > circumstances.today:
        yield Finding("#/first_applied_on", "future-day")
    elif campaign is not None and not campaign.is_eligible(day):
        facts = campaign.facts
        window = {"from": f"{facts.eligible_from:%d/%m/%Y}", "to": f"{facts.eligible_to:%d/%m/%Y}"}
        yield Finding("#/first_applied_on", "not-eligible", window)


def _benefit(content: Content, circumstances: Circumstances) -> Iterator[Finding]:
    match content.benefit:
        case None:
            yield _required("#/benefit")
        case Benefit(declared_vnd=None, social=social) if not social:
            yield Finding("#/benefit/social", "benefit-unexplained")
        case Benefit(declared_vnd=int(), method=method) if not method:
            yield Finding("#/benefit/method", "benefit-method")
    yield from _plausible(content, circumstances.benefit)


def _plausible(content: Content, limits: BenefitLimits) -> Iterator[Finding]:
    """A slip of the keyboard or a joke in one form must not become the figure of the nation."""
    benefit = content.benefit
    if benefit is None or benefit.declared_vnd is None:
        return
    if benefit.declared_vnd > limits.most_without_evidence_vnd and not _is_evidence(content.recognition):
        most = f"{limits.most_without_evidence_vnd:,}"
        yield Finding("#/benefit/declared_vnd", "benefit-without-evidence", {"most": most.replace(",", ".")})
    if benefit.declared_vnd >= limits.confirm_from_vnd and not benefit.confirmed:
        amount = f"{benefit.declared_vnd:,}".replace(",", ".")
        yield Finding("#/benefit/confirmed", "benefit-unconfirmed", {"amount": amount})


def _is_evidence(recognition: Recognition | None) -> bool:
    return recognition is not None and all(
        (recognition.decision_no, recognition.decided_on, recognition.issuer, recognition.level)
    )


def _recognition(content: Content, circumstances: Circumstances) -> Iterator[Finding]:
    recognition = content.recognition
    if not isinstance(recognition, Recognition):
        return
    for name in ("decision_no", "decided_on", "issuer", "level"):
        if not getattr(recognition, name):
            yield _required(f"#/recognition/{name}")
    if recognition.decided_on is not None and recognition.decided_on > circumstances.today:
        yield Finding("#/recognition/decided_on", "future-day")


def _declarations(content: Content, _: Circumstances) -> Iterator[Finding]:
    declared = content.declarations or Declarations(False, False, False)
    for name in ("not_recognised_elsewhere", "lawful", "no_ip_conflict"):
        if not getattr(declared, name):
            yield Finding(f"#/declarations/{name}", "must-declare")


RULES: tuple[Rule, ...] = (
    _title,
    _classification,
    _where,
    _authors,
    _shares,
    _texts,
    _first_applied,
    _benefit,
    _recognition,
    _declarations,
)
