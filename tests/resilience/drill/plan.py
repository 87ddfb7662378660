"""The disturbances of a round, drawn only from the seed and the number of the round, so that a failed round
can be repeated. Times are seconds after the start of the round.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sangkienctl.ports import SERVICES

APIS = tuple(f"{service}-api" for service in SERVICES)
WORKERS = tuple(f"{service}-worker" for service in SERVICES)
DATABASES = tuple(f"{service}-db" for service in SERVICES)
KAFKA = "broker"
PROCESSES = ("gateway", "issuer", "mailbox", *APIS, *WORKERS, *DATABASES)

# Topics with the acts of members; poison is written to one of them, and old records are repeated from them.
TOPICS = (
    "initiative.submitted",
    "initiative.withdrawn",
    "review.assigned",
    "initiative.revision_requested",
    "initiative.validated",
    "initiative.approved",
    "initiative.rejected",
)
# Fewer than the dead letters in a row at which a consumer stops (chassis.consumer.dlq.DlqLimit), even if two
# of these are adjacent in a partition.
MOST_POISON = 8


@dataclass(frozen=True)
class Disturbance:
    """One disturbance. seconds: its duration, 0 if instantaneous; amount: its extent, in the unit of the
    kind."""

    at: float
    kind: str
    target: str
    seconds: float = 0
    amount: float = 0

    def __str__(self) -> str:
        lasting = f" for {self.seconds:.0f} s" if self.seconds else ""
        much = f" ({self.amount:g})" if self.amount else ""
        return f"{self.at:5.1f} s  {self.kind} {self.target}{lasting}{much}"


@dataclass(frozen=True)
class Profile:
    """How severe a round is. seconds: how long the clients work; kinds: possible disturbances, by weight;
    outage: seconds that a database is down; frozen: longer than a lease and a session, both 10 s."""

    seconds: float
    disturbances: int
    kinds: Mapping[str, float]
    frozen: tuple[float, float] = (11, 16)
    outage: tuple[float, float] = (6, 12)
    kafka_outage: tuple[float, float] = (15, 25)
    always: Sequence[str] = ()


WEIGHTS = {
    "kill": 6.0,
    "freeze": 2.0,
    "kafka-down": 0.7,
    "database-down": 1.0,
    "poison": 1.0,
    "redeliver": 1.5,
    "repeat": 1.0,
    "clock": 1.5,
    "overtake": 1.5,
    "rebuild": 1.0,
}
SHORT = Profile(
    seconds=16, disturbances=3, kinds=WEIGHTS, frozen=(11, 12), kafka_outage=(5, 8), always=("kill", "poison")
)
ROUND = Profile(seconds=35, disturbances=7, kinds=WEIGHTS, always=("kill",))
# Kafka is down for minutes, and the other disturbances last longer.
LONG = Profile(
    seconds=120, disturbances=14, kinds=WEIGHTS, frozen=(12, 40), outage=(20, 90), kafka_outage=(90, 240),
    always=("kill", "kafka-down"),
)  # fmt: skip


def draw(seed: str, number: int, profile: Profile, brokers: Sequence[str] = (KAFKA,)) -> list[Disturbance]:
    """The disturbances of round `number`, ordered by time. brokers: the processes of Kafka's nodes."""
    rng = random.Random(f"{seed}:{number}")
    more = rng.choices(
        list(profile.kinds), list(profile.kinds.values()), k=profile.disturbances - len(profile.always)
    )
    # At most one per round of the kinds that take long or affect the whole platform.
    kinds = [*profile.always, *more]
    kinds = [kind for n, kind in enumerate(kinds) if kind in OFTEN or kind not in kinds[:n]]
    drawn = [_DRAWN[kind](rng, profile, rng.uniform(1, profile.seconds), brokers) for kind in kinds]
    return sorted(drawn, key=lambda disturbance: disturbance.at)


OFTEN = frozenset({"kill", "freeze", "clock", "repeat"})


def _kill(rng: random.Random, profile: Profile, at: float, brokers: Sequence[str]) -> Disturbance:
    return Disturbance(at, "kill", rng.choice((*brokers, *PROCESSES)))


def _freeze(rng: random.Random, profile: Profile, at: float, brokers: Sequence[str]) -> Disturbance:
    # Started early, so that the round continues while it is frozen.
    target = rng.choice((*WORKERS, *WORKERS, *APIS, *DATABASES, *brokers))
    return Disturbance(at / 2, "freeze", target, rng.uniform(*profile.frozen))


def _kafka_down(rng: random.Random, profile: Profile, at: float, brokers: Sequence[str]) -> Disturbance:
    return Disturbance(at / 2, "kafka-down", KAFKA, rng.uniform(*profile.kafka_outage))


def _database_down(rng: random.Random, profile: Profile, at: float, brokers: Sequence[str]) -> Disturbance:
    return Disturbance(at, "database-down", rng.choice(DATABASES), rng.uniform(*profile.outage))


def _poison(rng: random.Random, profile: Profile, at: float, brokers: Sequence[str]) -> Disturbance:
    return Disturbance(at, "poison", rng.choice(TOPICS), amount=rng.randint(1, MOST_POISON))


def _redeliver(rng: random.Random, profile: Profile, at: float, brokers: Sequence[str]) -> Disturbance:
    """amount: records back from the end of every partition; a large number means the start."""
    return Disturbance(at, "redeliver", rng.choice(SERVICES), amount=rng.choice((3, 30, 10**6)))


def _repeat(rng: random.Random, profile: Profile, at: float, brokers: Sequence[str]) -> Disturbance:
    """amount: how many old records are written to the end of their topic again."""
    return Disturbance(at, "repeat", rng.choice(TOPICS), amount=rng.choice((5, 20, 60)))


def _clock(rng: random.Random, profile: Profile, at: float, brokers: Sequence[str]) -> Disturbance:
    """amount: seconds by which the clock is shifted."""
    target = rng.choice((*APIS, *WORKERS))
    return Disturbance(at, "clock", target, rng.uniform(3, 10), rng.choice((-45, -20, 20, 45, 90)))


def _overtake(rng: random.Random, profile: Profile, at: float, brokers: Sequence[str]) -> Disturbance:
    return Disturbance(at / 2, "overtake", rng.choice(SERVICES), rng.uniform(*profile.frozen))


def _rebuild(rng: random.Random, profile: Profile, at: float, brokers: Sequence[str]) -> Disturbance:
    """seconds: how long the rebuild is frozen while it runs."""
    return Disturbance(at, "rebuild", "stats", rng.choice((0, 2, 33)))


Draw = Callable[[random.Random, Profile, float, Sequence[str]], Disturbance]
_DRAWN: Mapping[str, Draw] = {
    "kill": _kill,
    "freeze": _freeze,
    "kafka-down": _kafka_down,
    "database-down": _database_down,
    "poison": _poison,
    "redeliver": _redeliver,
    "repeat": _repeat,
    "clock": _clock,
    "overtake": _overtake,
    "rebuild": _rebuild,
}
