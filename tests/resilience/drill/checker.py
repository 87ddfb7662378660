"""Compares the acknowledged requests with what is visible from outside. Each rule is a function that yields
findings; no finding means that nothing was lost, duplicated or invented.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import contracts
from tests.resilience.drill import journal as j
from tests.resilience.drill.acts import CAMPAIGN
from tests.resilience.drill.log import DEAD_LETTER_TOPICS, EVENT_TOPICS, Entry
from tests.resilience.drill.mails import missing, sent_twice
from tests.resilience.drill.observed import Observed
from tests.resilience.drill.recount import recount
from tests.support.journey import ACCOUNTS, MEMBER_IDS

DECISION_TOPICS = {
    "request_revision": "initiative.revision_requested",
    "reject": "initiative.rejected",
}
NO_MAIL = "no mail"
USERNAMES: Mapping[str, str] = {account["member_id"]: account["username"] for account in ACCOUNTS}


@dataclass(frozen=True)
class Finding:
    """A violation. rule: its name in the table; about: an id; says: what was observed."""

    rule: str
    about: str
    says: str


@dataclass(frozen=True)
class Matter:
    """The input of a check. poison: the keys of all poison records by topic; all_mail: there was time for
    every mail to be delivered."""

    lines: Sequence[j.Line]
    seen: Observed
    poison: Mapping[str, Sequence[str]]
    all_mail: bool = False

    def acknowledged(self, *acts: str) -> Iterator[j.Line]:
        return (line for line in self.lines if line.act in acts and line.id is not None)

    def events(self, topic: str) -> Iterator[Entry]:
        return (entry for entry in self.seen.log[topic] if not entry.poison)


def check(matter: Matter) -> list[Finding]:
    """All findings, in the order of the rules."""
    return [finding for rule in RULES for finding in rule(matter)]


def every_answer_is_one(matter: Matter) -> Iterator[Finding]:
    """Every request is answered, and no answer is an error of the platform."""
    for line in matter.lines:
        if line.act in (j.UNEXPECTED, j.UNANSWERED):
            yield Finding(f"answer {line.act}", str(line.id), f"{line.at} {line.who}: {dict(line.answer)}")


def acknowledged_writes_are_there(matter: Matter) -> Iterator[Finding]:
    """The newest acknowledged content, code, version and withdrawal of each initiative can be read."""
    by_id: defaultdict[str, list[j.Line]] = defaultdict(list)
    for line in matter.acknowledged(*j.AUTHOR_ACTS):
        by_id[str(line.id)].append(line)
    unconfirmed = {line.id for line in matter.acknowledged(j.UNANSWERED)}
    for id, lines in by_id.items():
        found = matter.seen.initiatives.get(id)
        if found is None:
            yield Finding("write lost", id, f"cannot be read; acknowledged: {[line.act for line in lines]}")
        elif id not in unconfirmed:
            for what, acknowledged, seen in _differences(lines, found):
                yield Finding("write lost", id, f"{what}: acknowledged {acknowledged!r}, read {seen!r}")


def _differences(lines: Sequence[j.Line], found: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    version = max(line.answer["version"] for line in lines)
    if found["version"] < version:
        yield "version", version, found["version"]
    titles = [line.answer["title"] for line in lines if "title" in line.answer]
    if titles and found["content"].get("title") != titles[-1]:
        yield "title", titles[-1], found["content"].get("title")
    handed_in = [line for line in lines if line.act in (j.SUBMIT, j.REVISE)]
    for line in handed_in:
        for name in ("code", "submitted_at"):
            if found[name] != line.answer[name]:
                yield name, line.answer[name], found[name]
    if handed_in and found["state"] == "draft":
        yield "state", "submitted", found["state"]
    if lines[-1].act == j.WITHDRAW and found["state"] != "withdrawn":
        yield "state", "withdrawn", found["state"]


def decisions_are_there_once(matter: Matter) -> Iterator[Finding]:
    """Each acknowledged decision is in the history of its case, once."""
    for line in matter.acknowledged(j.DECIDE):
        case = matter.seen.cases.get(str(line.id))
        marks = [] if case is None else [entry["text"] for entry in case["history"]]
        count = marks.count(f"Phiếu {line.answer['mark']}")
        if count != 1:
            yield Finding("decision lost", str(line.id), f"{dict(line.answer)} is there {count} times")


def each_submitted_initiative_has_one_case(matter: Matter) -> Iterator[Finding]:
    """Each has one case, in the lists and as a resource, and both services agree about it."""
    submitted = {id: one for id, one in matter.seen.initiatives.items() if one["state"] != "draft"}
    for id in submitted.keys() | matter.seen.listed.keys():
        count = matter.seen.listed[id]
        if id not in submitted:
            yield Finding("cases", id, "a case of an initiative that was not submitted")
        elif count != 1 or id not in matter.seen.cases:
            yield Finding("cases", id, f"{count} cases in the lists, {submitted[id]['state']}")
        else:
            submitted_as, case = submitted[id], matter.seen.cases[id]
            # After a withdrawal the level may differ: each service keeps the last level that it knew.
            names = ("state", "revision") if case["state"] == "withdrawn" else ("state", "revision", "level")
            for name in names:
                if submitted_as[name] != case[name]:
                    yield Finding(
                        "services differ", id, f"{name}: {submitted_as[name]!r} but review {case[name]!r}"
                    )


def events_are_in_the_log_once(matter: Matter) -> Iterator[Finding]:
    """Every submission, withdrawal, assignment and decision is one event in the log, under one id."""
    wanted = Counter[tuple[str, str, int]]()
    for id, one in matter.seen.initiatives.items():
        wanted.update(_submission_events(id, one))
    for id, case in matter.seen.cases.items():
        wanted.update(_review_events(id, case))
    for topic in {topic for topic, _, _ in wanted} | set(_REVISION_TOPICS):
        ids: defaultdict[tuple[str, str, int], set[str]] = defaultdict(set)
        for entry in matter.events(topic):
            revision = int(entry.header("ce_sequence").partition(".")[0])
            ids[topic, entry.header("ce_subject"), revision].add(entry.header("ce_id"))
        for event in ids.keys() | {key for key in wanted if key[0] == topic}:
            if len(ids[event]) != wanted[event]:
                says = f"{topic} of revision {event[2]}: {len(ids[event])} events, not {wanted[event]}"
                yield Finding("events", event[1], says)


_REVISION_TOPICS = tuple(
    name for name in EVENT_TOPICS if name.startswith("initiative.") or name == "review.assigned"
)


def _submission_events(id: str, one: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    revision, withdrawn = one["revision"], one["state"] == "withdrawn"
    for number in range(1, revision + 1):
        last = withdrawn and number == revision
        yield ("initiative.withdrawn" if last else "initiative.submitted"), id, number


def _review_events(id: str, case: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    for entry in case["history"]:
        revision = entry["revision"]
        if entry["what"] in ("opened", "resubmitted"):
            yield "review.assigned", id, revision
        elif entry["what"] == "validate" and entry["level"] == case["levels"]:
            yield "initiative.approved", id, revision
        elif entry["what"] == "validate":
            yield "initiative.validated", id, revision
            yield "review.assigned", id, revision
        elif entry["what"] in DECISION_TOPICS:
            yield DECISION_TOPICS[entry["what"]], id, revision


def copies_are_alike_and_in_order(matter: Matter) -> Iterator[Finding]:
    """Copies of an event are identical byte for byte; the first copies of a subject are in order."""
    for topic in EVENT_TOPICS:
        first: dict[str, Entry] = {}
        newest: dict[str, str] = {}
        for entry in matter.events(topic):
            id, subject = entry.header("ce_id"), entry.header("ce_subject")
            if id in first:
                if first[id].content != entry.content:
                    yield Finding("events", subject, f"{topic}: two contents under the id {id}")
                continue
            first[id] = entry
            sequence = entry.header("ce_sequence")
            if sequence < newest.get(subject, ""):
                yield Finding("events", subject, f"{topic}: {sequence} after {newest[subject]}")
            newest[subject] = sequence


def statistics_agree(matter: Matter) -> Iterator[Finding]:
    """The figures of every unit, basis and day equal a count over the initiatives."""
    expected = recount(matter.seen.initiatives.values(), CAMPAIGN)
    for unit in sorted(expected.keys() | matter.seen.figures.keys()):
        said, right = matter.seen.figures.get(unit), expected.get(unit)
        if said is None or right is None:
            yield Finding("statistics", unit, f"said {said}, right {right}")
            continue
        for basis, amount in right.bases.items():
            if said.bases[basis] != amount:
                yield Finding("statistics", unit, f"{basis}: said {said.bases[basis]}, right {amount}")
            if said.days[basis] != right.days[basis]:
                says = f"{basis} by day: said {said.days[basis]}, right {right.days[basis]}"
                yield Finding("statistics", unit, says)


def targets_are_there_and_reached_once(matter: Matter) -> Iterator[Finding]:
    """The newest acknowledged target of each unit can be read, and reaching one is published once."""
    newest = {line.id: line for line in matter.acknowledged(j.TARGET)}
    unconfirmed = {line.id for line in matter.acknowledged(j.UNANSWERED)}
    for id, line in newest.items():
        found = matter.seen.targets[str(id)]
        if id not in unconfirmed and found["target"] != line.answer["target"]:
            yield Finding("write lost", str(id), f"target {dict(line.answer)}, read {dict(found)}")
    reached: defaultdict[str, set[str]] = defaultdict(set)
    for entry in matter.events("target.reached"):
        reached[f"{entry.header('ce_subject')} {entry.data['target']}"].add(entry.header("ce_id"))
    for about, ids in reached.items():
        if len(ids) > 1:
            yield Finding("events", about, f"target.reached was published {len(ids)} times")


def everyone_is_notified_once(matter: Matter) -> Iterator[Finding]:
    """Each person concerned has one inbox entry for each event, unless a withdrawal overtook it."""
    must, may = concerned(matter)
    for username, entries in matter.seen.inboxes.items():
        for id, count in entries.items():
            if count > 1:
                yield Finding("notified twice", username, f"{count} entries for event {id}")
        for id in must[username] - entries.keys():
            yield Finding("not notified", username, f"no entry for event {id}")
        for id in entries.keys() - must[username] - may[username]:
            yield Finding("notified wrongly", username, f"an entry for event {id}")


def mails_come_once(matter: Matter) -> Iterator[Finding]:
    """Nobody gets a mail twice, and each mail is delivered unless it is unconfirmed."""
    for id, count in sent_twice(matter.seen.mails):
        yield Finding("mailed twice", id, f"{count} mails")
    if matter.all_mail:
        must, _ = concerned(matter)
        due = [(id, MEMBER_IDS[username]) for username, ids in must.items() for id in ids]
        for id in missing(due, matter.seen.mails, matter.seen.unconfirmed):
            yield Finding(NO_MAIL, id, "no mail, and none unconfirmed")


def concerned(matter: Matter) -> tuple[Mapping[str, set[str]], Mapping[str, set[str]]]:
    """The events about which each person must be notified, and those that a withdrawal may have
    suppressed."""
    withdrawn: dict[str, int] = {}
    for entry in matter.events("initiative.withdrawn"):
        data = entry.data
        withdrawn[data["initiative_id"]] = data["revision"]
    must: defaultdict[str, set[str]] = defaultdict(set)
    may: defaultdict[str, set[str]] = defaultdict(set)
    for topic in (*_REVISION_TOPICS, "target.reached"):
        for entry in matter.events(topic):
            data = entry.data
            overtaken = data.get("revision", 0) < withdrawn.get(data.get("initiative_id", ""), 0)
            for username in _notified(topic, data):
                (may if overtaken else must)[username].add(entry.header("ce_id"))
    return must, may


def _notified(topic: str, data: Mapping[str, Any]) -> set[str]:
    people = {USERNAMES[m] for m in {*data.get("author_ids", ()), data.get("submitted_by")} if m in USERNAMES}
    if topic == "target.reached":
        return _holders("official", data["unit"])
    if topic == "review.assigned":
        return _holders(data["detail"]["role"], data["detail"]["unit"]) - people
    return people


def _holders(role: str, unit: str) -> set[str]:
    grant = {"role": role, "unit": unit}
    return {account["username"] for account in ACCOUNTS if grant in account["grants"]}


def dead_letters_are_the_poison(matter: Matter) -> Iterator[Finding]:
    """Every group that reads a topic has dead-lettered its poison, and nothing else."""
    for dead in DEAD_LETTER_TOPICS:
        group = contracts.topics()[dead].owner
        keys = set()
        for entry in matter.seen.log[dead]:
            keys.add((entry.key or b"").decode("utf-8", "replace"))
            if not entry.poison:
                why = f"{entry.header('dlq_topic')}: {entry.header('dlq_error_code')}"
                yield Finding("dead letters", dead, f"{entry.header('ce_subject')} of {why}")
        for topic, poison in matter.poison.items():
            missing = set(poison) - keys
            if group in contracts.topics()[topic].consumers and missing:
                yield Finding(
                    "dead letters", dead, f"{len(missing)} poison records of {topic} not dead-lettered"
                )


RULES: Sequence[Callable[[Matter], Iterator[Finding]]] = (
    every_answer_is_one,
    acknowledged_writes_are_there,
    decisions_are_there_once,
    each_submitted_initiative_has_one_case,
    events_are_in_the_log_once,
    copies_are_alike_and_in_order,
    statistics_agree,
    targets_are_there_and_reached_once,
    everyone_is_notified_once,
    mails_come_once,
    dead_letters_are_the_poison,
)
