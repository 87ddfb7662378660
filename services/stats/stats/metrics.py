"""Every metric of statistics beside those of the chassis, declared once with what it tells."""

from __future__ import annotations

from prometheus_client import Counter

# Snapshots by what became of them: counted | ignored (a duplicate or overtaken). Many ignored ones for
# long mean that something publishes again and again.
SNAPSHOTS = Counter("stats_snapshots", "Snapshots of initiatives consumed, by outcome", ["outcome"])


def batch_applied(counted: int, ignored: int) -> None:
    SNAPSHOTS.labels("counted").inc(counted)
    SNAPSHOTS.labels("ignored").inc(ignored)
