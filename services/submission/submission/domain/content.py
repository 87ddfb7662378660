"""What an author writes: the content of an initiative. A draft may lack nearly all of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class SolutionType(StrEnum):
    """Those that may be entered (VUIT guide of 29/4/2022). An open list: what is stored may be of a later
    one."""

    TECHNICAL = "ky_thuat"
    MANAGEMENT = "quan_ly"
    OPERATION = "tac_nghiep"
    APPLIED_TECHNOLOGY = "ung_dung_tien_bo_ky_thuat"
    RESEARCH = "de_tai_khoa_hoc"


class Source(StrEnum):
    """How it was registered. An open list, as the types of solutions."""

    SELF = "self"
    ON_BEHALF = "on_behalf"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Author:
    """A member by id or a person outside by name; share in hundredths of a per cent."""

    member_id: str | None
    external_name: str | None
    share: int | None
    lead: bool


@dataclass(frozen=True, slots=True)
class Benefit:
    """declared_vnd: đồng in the first year, None when it cannot be quantified; then `social` says what it
    is. confirmed: the author has read an unusual amount again and stands by it."""

    declared_vnd: int | None
    method: str | None
    social: str | None
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Recognition:
    """The decision by which the establishment recognised the initiative."""

    decision_no: str | None
    decided_on: date | None
    issuer: str | None
    level: str | None


@dataclass(frozen=True, slots=True)
class Declarations:
    """What the author declares; each must be true at submission."""

    not_recognised_elsewhere: bool
    lawful: bool
    no_ip_conflict: bool


@dataclass(frozen=True, slots=True)
class Content:
    unit: str
    title: str | None = None
    solution_type: str | None = None
    field: str | None = None
    campaign: str | None = None
    authors: tuple[Author, ...] = ()
    problem: str | None = None
    solution: str | None = None
    novelty: str | None = None
    applicability: str | None = None
    applied_where: str | None = None
    conditions: str | None = None
    first_applied_on: date | None = None
    benefit: Benefit | None = None
    recognition: Recognition | None = None
    declarations: Declarations | None = None
    confidential: bool = False
    consent_to_publish: bool = False
    on_behalf_of: str | None = None

    def author_ids(self) -> tuple[str, ...]:
        """The authors that are members, each once, in their order."""
        return tuple(dict.fromkeys(author.member_id for author in self.authors if author.member_id))
