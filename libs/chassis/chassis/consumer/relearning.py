"""The role `relearn`: reads topics with the full state of what others own once more from their start, so that
a field which this service ignored so far is learnt although its owner changed nothing. Safe while the worker
runs, and to stop and to repeat.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from chassis.consumer.errors import ErrorClass, classify
from chassis.consumer.log import TopicLog
from chassis.events.codec import Event

EXIT_LATER = 75  # EX_TEMPFAIL

# Keeps what some events say. It must bear repetition, and never replace a newer state by an older one.
Learn = Callable[[Sequence[Event]], None]


def relearn(
    service: str, log: TopicLog, topics: Sequence[str], learn: Learn, arguments: Sequence[str]
) -> int:
    """Play the role; the exit code: 0, or 75 when Kafka or the database is unavailable and it is to be run
    again."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {service} relearn",
        description=f"Read {', '.join(topics)} again from the start and keep what they say. To be run once "
        "after an update that keeps more of them than the release before; its release notes say so.",
    )
    parser.parse_args(list(arguments))
    events = 0
    try:
        for part in log.read(topics):
            if part.events:
                learn(part.events)
                events += len(part.events)
    except Exception as error:
        if classify(error) is not ErrorClass.TRANSIENT:
            raise
        _say(f"relearn: Kafka or the database is unavailable ({type(error).__name__}); run it again")
        return EXIT_LATER
    passed_over = sum(log.passed_over.values())
    _say(f"relearn: {events} events of {', '.join(topics)} read again, {passed_over} passed over")
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
