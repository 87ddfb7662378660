"""The operator's roles `rebuild` and `reconcile`: arguments in, plain lines out, an exit code at the end."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any, TextIO

import orjson
from pymongo.errors import PyMongoError

from chassis.clock import local_day
from chassis.consumer.errors import ErrorClass, classify
from stats.application.errors import RebuildLostError, RebuildRunningError, TooSlowError
from stats.application.ports import CounterAudit
from stats.application.rebuild import RebuildParts, Told, rebuild
from stats.application.reconcile import (
    EVERY_DAY,
    CounterDifference,
    Expected,
    InitiativeDifference,
    Reconciliation,
    reconcile,
)
from stats.domain.counting import Amount
from stats.domain.snapshots import ENDINGS, Basis

EXIT_DIFFERENT = 1
EXIT_BAD_INPUT = 65  # EX_DATAERR of sysexits.h
EXIT_LATER = 75  # EX_TEMPFAIL
TELL_SECONDS = 1.0
MOST_LINES = 200
_ENDINGS = {ending.value: ending for ending in ENDINGS}


def rebuild_command(
    parts: RebuildParts, arguments: list[str], monotonic: Callable[[], float] = time.monotonic
) -> int:
    """Count everything anew from the log. 0, or 75 when it is to be run again: another rebuild runs, this one
    lost its lease, or Kafka or the database went away."""
    parser = argparse.ArgumentParser(
        prog="python -m stats rebuild",
        description="Count everything anew from the log. Counting is paused meanwhile and catches up after "
        "it; the old counters are read until the new ones are complete. Safe to stop and to repeat.",
    )
    parser.parse_args(arguments)
    teller = _Teller(monotonic)
    try:
        told = rebuild(parts, teller)
    except RebuildRunningError:
        _say("rebuild: another rebuild or reconciliation is running; try again when it has ended")
        return EXIT_LATER
    except RebuildLostError:
        _say("rebuild: stood still for too long and gave way to counting; nothing was changed, run it again")
        return EXIT_LATER
    except Exception as error:
        if not _passes(error):
            raise
        _say(
            f"rebuild: Kafka or the database went away ({type(error).__name__}); the figures in use are "
            "whole and unchanged; run it again when both are back"
        )
        return EXIT_LATER
    seconds = monotonic() - teller.began_at
    _say(f"rebuild: done, {told.initiatives} initiatives of {told.of} records in {seconds:.1f} s")
    return 0


class _Teller:
    """One line a second at most, and the last one."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self.began_at = monotonic()
        self._said_at = float("-inf")

    def __call__(self, told: Told) -> None:
        now = self._monotonic()
        if now - self._said_at < TELL_SECONDS and told.records < told.of:
            return
        self._said_at = now
        percent = 100 * told.records // told.of if told.of else 100
        rate = told.records / max(now - self.began_at, 0.001)
        _say(
            f"rebuild: {told.records} of {told.of} records ({percent} %), "
            f"{told.initiatives} initiatives written, {rate:.0f} records/s"
        )


def reconcile_command(audit: CounterAudit, arguments: list[str]) -> int:
    """Compare counters with snapshots. 0, 1 if they differ, 65 for bad input, 75 for later."""
    parser = argparse.ArgumentParser(
        prog="python -m stats reconcile",
        description="Compare the counters with the sum over the snapshots; exit code 1 if they differ.",
    )
    parser.add_argument(
        "--against",
        metavar="FILE",
        help="NDJSON of what submission knows, - for standard input: one object a line with id, state, "
        "unit_path, campaigns, milestones; drafts are passed over",
    )
    options = parser.parse_args(arguments)
    try:
        against = None if options.against is None else _read_against(options.against)
        result = reconcile(audit, against)
    except RebuildRunningError:
        _say("reconcile: counting is paused by a rebuild or another reconciliation; try again after it")
        return EXIT_LATER
    except RebuildLostError:
        _say("reconcile: stood still for too long; run it again")
        return EXIT_LATER
    except PyMongoError as error:
        if not _passes(error):
            raise
        _say(f"reconcile: the database went away ({type(error).__name__}); run it again when it is back")
        return EXIT_LATER
    except (OSError, ValueError) as error:
        _say(f"reconcile: --against {options.against}: {error}")
        return EXIT_BAD_INPUT
    for line in report(result):
        print(line)
    return 0 if result.agrees else EXIT_DIFFERENT


def _passes(error: Exception) -> bool:
    """Whether the same command will work later."""
    return isinstance(error, TooSlowError) or classify(error) is ErrorClass.TRANSIENT


def _read_against(path: str) -> dict[str, Expected]:
    if path == "-":
        return read_expected(sys.stdin)
    with Path(path).open(encoding="utf-8") as file:
        return read_expected(file)


def read_expected(lines: TextIO | Iterable[str]) -> dict[str, Expected]:
    """What the owner says, by initiative id. ValueError that names the line."""
    expected: dict[str, Expected] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            said = orjson.loads(line)
            if said["state"] != "draft":
                expected[said["id"]] = _expected(said)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"line {number} is not as documented: {error!r}") from None
    return expected


def _expected(said: dict[str, Any]) -> Expected:
    ending: Basis | None = _ENDINGS.get(said["state"])
    return Expected(
        unit_path=tuple(said["unit_path"]),
        campaigns=tuple(said["campaigns"]),
        submitted_on=_day(said["milestones"]["submitted"]),
        ending=ending,
        ended_on=_day(said["milestones"][ending.value]) if ending else None,
    )


def _day(text: str) -> date:
    return local_day(datetime.fromisoformat(text))


def report(result: Reconciliation) -> Iterable[str]:
    """The lines to print: a table of differences each, at most MOST_LINES of a kind, and a verdict."""
    if result.counters:
        yield f"{'unit':<24} {'campaign':<16} {'dimension':<34} {'basis':<10} {'day':<10} counted / expected"
        yield from map(_counter_line, result.counters[:MOST_LINES])
    if result.against:
        yield f"{'initiative':<36} counted / expected"
        yield from map(_initiative_line, result.against[:MOST_LINES])
    verdict = "agree" if result.agrees else "DIFFER"
    yield (
        f"reconcile: {result.initiatives} initiatives, {len(result.counters)} counter differences, "
        f"{len(result.against)} initiative differences: they {verdict}"
    )


def _counter_line(difference: CounterDifference) -> str:
    unit, campaign, dimension, basis, day = difference.posting
    when = "total" if day == EVERY_DAY else day.isoformat()
    numbers = f"{_numbers(difference.counted)} / {_numbers(difference.expected)}"
    return f"{unit:<24} {campaign:<16} {dimension:<34} {basis.value:<10} {when:<10} {numbers}"


def _numbers(amount: Amount) -> str:
    return (
        f"{amount.initiatives} (VND {amount.benefit} of {amount.quantified}, "
        f"verified VND {amount.verified_benefit} of {amount.verified}, authors {amount.authors})"
    )


def _initiative_line(difference: InitiativeDifference) -> str:
    return f"{difference.initiative:<36} {_said(difference.counted)} / {_said(difference.expected)}"


def _said(known: Expected | None) -> str:
    if known is None:
        return "unknown"
    ending = f"{known.ending.value} {known.ended_on}" if known.ending else "open"
    return f"{'>'.join(known.unit_path)} {','.join(known.campaigns)} submitted {known.submitted_on} {ending}"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
