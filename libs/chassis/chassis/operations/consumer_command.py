"""The role `consumer` of every service: shows whether its consumer group is parked, and releases it. Plain
lines out, an exit code at the end; it works while the API is down.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from chassis.clock import rfc3339
from chassis.consumer.parking import LimitStore

EXIT_PARKED = 1


def run(limits: LimitStore, service: str, arguments: Sequence[str]) -> int:
    """`status`: 0 while the group consumes, 1 while it is parked. `release`: 0."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {service} consumer",
        description="A consumer that cannot handle too many records in a row is parked until it is released.",
    )
    parser.add_argument("act", choices=["status", "release"])
    if parser.parse_args(arguments).act == "release":
        released = limits.release("operator")
        _say(service, "released; it goes on within seconds" if released else "was not parked")
        return 0
    state = limits.read()
    if state.parked is None:
        _say(service, f"consumes; dead letters in a row: {state.run}")
        return 0
    at = state.parked
    _say(service, f"parked at {at.topic}/{at.partition}/{at.offset} since {rfc3339(at.since)}: {at.reason}")
    return EXIT_PARKED


def _say(service: str, line: str) -> None:
    sys.stdout.write(f"{service}: {line}\n")
