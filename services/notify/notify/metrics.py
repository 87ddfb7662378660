"""Owns every metric of this service, declared once; the chassis declares those that all services have.
A label must never carry a person, an address or an initiative."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

# Messages stored, inbox and mail together; against the repeated ones it shows how much is delivered again.
MESSAGES_NEW = Counter("notify_messages_new", "Messages stored")
MESSAGES_REPEATED = Counter("notify_messages_repeated", "Messages not stored because they were there already")

# Events that told nobody because a withdrawal had overtaken them. Some are normal; many are a stalled topic.
EVENTS_SILENCED = Counter("notify_events_silenced", "Events overtaken by a withdrawal")

# Events older than messages are kept, which make none: only a topic that is read again has such.
EVENTS_EXPIRED = Counter("notify_events_expired", "Events too old to make messages")

# Messages that the daily retention removed; counted per attempt, so a repeated step counts twice.
MESSAGES_EXPIRED = Counter("notify_messages_expired", "Messages removed because their time was over")

# How each attempt to send ended: accepted, refused, deferred, broken, unanswered, unaddressed,
# unprintable, unavailable.
MAIL_ATTEMPTS = Counter("notify_mail_attempts", "Attempts to send a mail, by outcome", ["outcome"])

# Mails given up. Every one is a person who was not told by mail; the row keeps the reason.
MAIL_FAILED = Counter("notify_mail_failed", "Mails given up for good")

# Mails of which nobody knows whether a mail server has them: they are not sent again. Each wants a look.
MAIL_IN_DOUBT = Counter("notify_mail_in_doubt", "Mails that were begun and whose end is not known")

# Mails taken over by another process because the lease ran out: this one was too slow, or its clock is wrong.
MAIL_LEASES_LOST = Counter("notify_mail_leases_lost", "Mails whose lease ran out while they were sent")

# From due to accepted, in seconds: what a person waits for beyond the event itself.
MAIL_WAIT = Histogram(
    "notify_mail_wait_seconds",
    "Time from due to accepted by the mail server",
    ["queue"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
)

# Age of the mail that is due longest, as of the last sweep: rises when the mail server is away or too slow.
MAIL_OLDEST_DUE = Gauge("notify_mail_oldest_due_seconds", "How long the oldest due mail has waited")
