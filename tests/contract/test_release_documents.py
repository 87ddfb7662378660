"""Documents of every release: the mappers of today read them, and read past what a later release may add."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

import notify.adapters.contacts
import notify.adapters.messages
import review.adapters.case_documents
import stats.adapters.documents
import submission.adapters.documents
import submission.adapters.reference_documents
import submission.adapters.showcase
from chassis.jobs.documents import to_job
from chassis.mongo.documents import known
from chassis.operations import store
from tests.support.releases import LATER, RELEASES, SERVICES, documents, paths, with_later_fields
from union.units import Unit, unit_of

Document = dict[str, Any]


def _unit(document: Document) -> Unit:
    return unit_of(document["_id"], document)


# Every collection with what reads one of its documents; None for those whose keys are data, and for marks.
READERS: Mapping[tuple[str, str], Callable[[Document], object] | None] = {
    ("submission", "initiatives"): submission.adapters.documents.initiative,
    ("submission", "units"): submission.adapters.reference_documents.unit,
    ("submission", "campaigns"): submission.adapters.reference_documents.campaign,
    ("submission", "showcase"): submission.adapters.showcase._published,
    ("submission", "meta"): None,
    ("review", "cases"): review.adapters.case_documents.from_document,
    ("review", "units"): _unit,
    ("review", "marks"): None,
    ("review", "meta"): None,
    ("stats", "snapshots_1"): stats.adapters.documents.snapshot_of,
    ("stats", "units"): _unit,
    ("stats", "campaigns"): stats.adapters.documents.campaign_of,
    ("stats", "targets"): stats.adapters.documents.target_of,
    ("stats", "counters_1"): None,
    ("stats", "meta"): None,
    ("notify", "contacts"): notify.adapters.contacts._from_document,
    ("notify", "messages"): notify.adapters.messages.to_message,
    ("notify", "units"): None,
    ("notify", "campaigns"): None,
    ("notify", "withdrawals"): None,
    ("notify", "meta"): None,
    ("notify", "jobs"): to_job,
    **{(service, "operations"): None for service in SERVICES},
}


def _stored() -> Iterator[Any]:
    for release in RELEASES:
        for service in SERVICES:
            for collection, found in documents(release, service).items():
                for document in found:
                    name = f"{release}-{service}-{collection}-{document['_id']}"
                    yield pytest.param(service, collection, document, id=name)


@pytest.mark.parametrize(("service", "collection", "document"), list(_stored()))
def test_a_document_of_any_release_is_read_the_same_with_what_a_later_one_adds(
    service: str, collection: str, document: Document
) -> None:
    read = READERS[service, collection]
    if read is None:
        return
    # Settled mails keep no words, and nobody reads them as messages.
    if collection == "messages" and "facts" not in document:
        return
    later = with_later_fields(document)
    for free in ("facts", "unit_names", "campaign_names", "args"):
        if free in document:
            later[free] = document[free]

    made = read(document)

    if service == "review" and collection == "cases":
        # What it does not know of the facts is kept, to be passed on; `received` is no part of comparing.
        assert review.adapters.case_documents.to_document(read(later))["initiative"][LATER]  # type: ignore[arg-type]
    assert read(later) == made


@pytest.mark.parametrize("service", SERVICES)
def test_every_collection_of_every_release_has_a_reader_or_a_reason(service: str) -> None:
    for release in RELEASES:
        assert {(service, name) for name in documents(release, service)} <= READERS.keys()


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(("old", "new"), list(itertools.pairwise(RELEASES)))
def test_a_release_still_writes_what_readers_of_the_release_before_look_for(
    service: str, old: str, new: str
) -> None:
    before, after = documents(old, service), documents(new, service)

    for collection, found in before.items():
        # Keys of counters and requests are data.
        if READERS[service, collection] is not None:
            lost = _places(found) - _places(after[collection])
            assert lost == set()


def _places(found: list[Document]) -> set[tuple[str, str]]:
    return {place for document in found for place in paths(document) if "/requests/" not in place[0]}


@pytest.mark.parametrize("kind", [store.Lag, store.Outbox, store.Letter])
def test_what_a_worker_of_a_later_release_reports_is_read(kind: type[Any]) -> None:
    written = {name: 0 for name in inspect.signature(kind).parameters}

    assert kind(**known(kind, written | {LATER: 1})) == kind(**written)
