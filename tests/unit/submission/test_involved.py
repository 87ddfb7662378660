"""Who was ever involved in an initiative, and who wrote its present content: it only ever grows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from submission.adapters import documents
from submission.adapters.contract import snapshot
from submission.domain import initiative as acts
from submission.domain.content import Author, Content, Recognition
from submission.domain.initiative import Initiative, Registration
from submission.domain.states import State

NOW = datetime(2022, 5, 30, 8, 0, tzinfo=UTC)
MEMBER, DRAFTER, AUTHOR, FORMER = "m-member0001", "m-drafter001", "m-auth0r0001", "m-f0rmer0001"


def content(*authors: str, on_behalf_of: str | None = None) -> Content:
    share = 10_000 // max(len(authors), 1)
    written = tuple(Author(member, None, share, lead=index == 0) for index, member in enumerate(authors))
    return Content("U", title="Một cải tiến đáng kể", authors=written, on_behalf_of=on_behalf_of)


def registration(submitted_by: str) -> Registration:
    return Registration(
        code="U-2022-00000000",
        programme="p",
        campaigns=("c",),
        unit_path=("T", "U"),
        block=None,
        expected_answer_on=date(2022, 8, 30),
        submitted_by=submitted_by,
        source="self",
    )


def submitted(
    *authors: str, owner: str = MEMBER, by: str = MEMBER, on_behalf_of: str | None = None
) -> Initiative:
    drafted = acts.draft("i", owner, content(*authors, on_behalf_of=on_behalf_of), NOW)
    return acts.submit(drafted, registration(by), NOW)


def asked(one: Initiative) -> Initiative:
    return replace(one, state=State.REVISION_REQUESTED)


def test_the_authors_and_who_submitted_it_are_involved() -> None:
    assert submitted(AUTHOR).involved == {MEMBER, AUTHOR}


def test_who_drafted_it_for_another_is_involved_and_so_is_the_other() -> None:
    one = submitted(AUTHOR, owner=DRAFTER, by=MEMBER, on_behalf_of=MEMBER)

    assert one.involved == {DRAFTER, MEMBER, AUTHOR}
    assert one.entered_by == DRAFTER


def test_naming_somebody_in_a_draft_changes_nothing_until_it_is_submitted() -> None:
    drafted = acts.draft("i", MEMBER, content(FORMER), NOW)
    edited = acts.edit(drafted, content(AUTHOR), MEMBER)

    assert FORMER not in drafted.ever_involved()
    assert FORMER not in acts.submit(edited, registration(MEMBER), NOW).involved


def test_an_author_of_an_earlier_revision_stays_involved() -> None:
    again = acts.resubmit(asked(submitted(AUTHOR, FORMER)), content(AUTHOR), MEMBER, NOW)

    assert FORMER in again.involved
    assert FORMER in snapshot(again)["involved"]
    assert FORMER not in snapshot(again)["author_ids"]


def test_an_author_of_a_saved_revision_that_was_never_submitted_is_not_involved() -> None:
    saved = acts.edit(asked(submitted(AUTHOR)), content(AUTHOR, FORMER), MEMBER)
    again = acts.resubmit(saved, content(AUTHOR), MEMBER, NOW)

    assert FORMER not in again.involved


def test_who_rewrites_a_revision_is_involved_and_has_entered_it() -> None:
    one = submitted(AUTHOR, by=MEMBER)

    again = acts.resubmit(asked(one), content(AUTHOR, MEMBER), DRAFTER, NOW)

    assert DRAFTER in again.involved
    assert snapshot(again)["entered_by"] == DRAFTER


def test_who_sends_the_stored_content_again_has_not_written_it() -> None:
    saved = acts.edit(asked(submitted(AUTHOR)), content(AUTHOR, MEMBER), DRAFTER)

    again = acts.resubmit(saved, saved.content, MEMBER, NOW)

    assert again.entered_by == DRAFTER
    assert {DRAFTER, MEMBER} <= again.involved


AUTHORS = st.lists(st.sampled_from([AUTHOR, FORMER, "m-third00001"]), unique=True, min_size=1)


@given(st.lists(st.tuples(AUTHORS, st.sampled_from([MEMBER, DRAFTER])), min_size=1, max_size=14))
def test_nobody_who_was_involved_is_ever_forgotten(rounds: list[tuple[list[str], str]]) -> None:
    one = submitted(AUTHOR)
    seen = set(one.involved)
    for days, (authors, by) in enumerate(rounds, 1):
        one = acts.resubmit(asked(one), content(*authors), by, NOW + timedelta(days=days))
        seen |= {*authors, by}
        stored = documents.initiative(documents.initiative_document(one))
        assert stored.involved == one.involved == seen
    assert acts.withdraw(one, None, NOW).involved == seen


def test_an_initiative_of_the_first_release_is_known_to_involve_whom_its_document_names() -> None:
    again = acts.resubmit(
        asked(submitted(AUTHOR, FORMER, owner=DRAFTER, by=MEMBER, on_behalf_of=MEMBER)),
        content(AUTHOR, on_behalf_of=MEMBER),
        MEMBER,
        NOW,
    )
    document = documents.initiative_document(again)
    del document["involved"], document["entered_by"]

    old = documents.initiative(document)

    assert old.involved == frozenset()
    assert old.ever_involved() == {DRAFTER, MEMBER, AUTHOR, FORMER}
    assert snapshot(old)["entered_by"] == MEMBER


def test_the_recognition_is_published_unless_the_initiative_is_confidential() -> None:
    recognised = replace(
        content(AUTHOR), recognition=Recognition("12/QĐ", date(2022, 4, 1), "Công ty", "Cơ sở")
    )
    one = acts.submit(acts.draft("i", MEMBER, recognised, NOW), registration(MEMBER), NOW)

    assert snapshot(one)["recognition"] == {
        "number": "12/QĐ",
        "date": "2022-04-01",
        "issuer": "Công ty",
        "level": "Cơ sở",
    }
    secret = replace(one, content=replace(recognised, confidential=True))
    assert snapshot(secret)["recognition"] is None
