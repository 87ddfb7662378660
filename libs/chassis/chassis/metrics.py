"""All metrics of the chassis, each declared once, with its meaning. Label values come from closed sets (route
templates, topics, outcomes): no ids, no people.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

# --- web
# -------------------------------------------------------------------------------------------------------

# Seconds from the first line of the application to its answer; route is the template, "unmatched" without
# one.
HTTP_REQUEST_SECONDS = Histogram(
    "http_request_seconds",
    "Time to answer an HTTP request",
    ["method", "route", "status"],
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)

# Answers with a problem, by its stable code: distinguishes version conflicts from broken clients.
HTTP_PROBLEMS = Counter("http_problems", "Problem details answered, by code", ["code"])

# Bearer tokens refused, by reason: a rise after a key rotation means that the key set cannot be fetched.
TOKENS_REFUSED = Counter("tokens_refused", "Access tokens refused, by reason", ["reason"])

# Fetches of the issuer's key set, by outcome: ok | failed.
KEY_SET_FETCHES = Counter("key_set_fetches", "Fetches of the issuer's keys, by outcome", ["outcome"])

# 1 while the process accepts new requests, 0 once it is stopping.
ACCEPTING_REQUESTS = Gauge(
    "accepting_requests", "1 while new requests are taken, 0 while stopping", multiprocess_mode="livemax"
)

# --- messaging
# -------------------------------------------------------------------------------------------------

# Events that Kafka acknowledged.
OUTBOX_PUBLISHED = Counter("outbox_published", "Events published from the outbox", ["topic"])

# Failed sends; each is retried, so a rise without published events means that Kafka is unavailable.
OUTBOX_FAILURES = Counter("outbox_publish_failures", "Failed sends of an event", ["topic", "reason"])

# From the event's creation to its acknowledgement: the relay's part of the time until it is visible.
OUTBOX_DELAY = Histogram(
    "outbox_delay_seconds",
    "From the creation of an event to its acknowledgement by Kafka",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120, 600),
)

# Age of the oldest event that the last poll could not publish; 0 when there was none.
OUTBOX_OLDEST = Gauge("outbox_oldest_seconds", "Age of the oldest unpublished event", ["collection"])

# Lanes leased by this process; over all workers of a service the sum is 16, less means unpublished events.
OUTBOX_LANES = Gauge("outbox_lanes", "Lanes of the outbox that this process holds a lease on")

# Kafka producers replaced after a fatal error.
PRODUCERS_REPLACED = Counter("producers_replaced", "Producers replaced after a failure", ["role"])

# Records by outcome: handled | skipped (unknown type) | dead_letter.
CONSUMER_RECORDS = Counter("consumer_records", "Records consumed", ["group", "topic", "outcome"])

# Failed handler calls, by error class and the class of the exception.
CONSUMER_ERRORS = Counter("consumer_errors", "Failed handler calls", ["group", "error_class", "error"])

# Seconds in the handler per successful call.
CONSUMER_BATCH_SECONDS = Histogram("consumer_batch_seconds", "Duration of a handler call", ["group"])

# Records between the position and the end of the log, over the partitions of this process.
CONSUMER_LAG = Gauge("consumer_lag_records", "Records not yet consumed", ["group", "topic"])

# Age of the last handled event while there are unread records; 0 if there are none.
CONSUMER_TIME_LAG = Gauge("consumer_time_lag_seconds", "How far behind the consumer is", ["group", "topic"])

# 1 while the consumer retries after a transient error: a database or the broker is unavailable.
CONSUMER_PAUSED = Gauge("consumer_paused", "1 while retrying after a transient error", ["group"])

# 1 while too many dead letters in a row keep the group from consuming until an operator releases it.
CONSUMER_PARKED = Gauge("consumer_parked", "1 while the group waits for an operator", ["group"])

# Failed commits: their records may be delivered again.
CONSUMER_COMMIT_FAILURES = Counter("consumer_commit_failures", "Failed commits of offsets", ["group"])

# --- jobs and schedules
# -------------------------------------------------------------------------------------------------------

# Steps of jobs by what became of them: done | retried (it is tried again) | failed (it ended the job) |
# unreadable (this release cannot read the job; it is tried again when its lease has run out).
JOB_STEPS = Counter("job_steps", "Steps of jobs, by outcome", ["kind", "outcome"])

# Seconds of a completed step with the write of its checkpoint; near the lease (60 s) steps are too large.
JOB_STEP_SECONDS = Histogram(
    "job_step_seconds",
    "Duration of a completed step of a job",
    ["kind"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60),
)

# Jobs that ended: done | failed | cancelled. Every failed one keeps its error code.
JOBS_ENDED = Counter("jobs_ended", "Jobs that ended, by state", ["kind", "state"])

# How long the longest due job of a kind has waited for a worker; rises when workers are down or too few.
JOBS_OLDEST_DUE = Gauge("jobs_oldest_due_seconds", "How long the oldest due job has waited", ["kind"])

# Jobs taken over by another worker during a step: steps longer than the lease, or a clock that is wrong.
JOB_LEASES_LOST = Counter("job_leases_lost", "Leases of jobs lost during a step", ["kind"])

# Occurrences of schedules that became jobs, counted by the worker that enqueued them first.
SCHEDULES_FIRED = Counter("schedules_fired", "Occurrences of schedules turned into jobs", ["schedule"])

# --- worker
# ----------------------------------------------------------------------------------------------------

# 1 while the part of the worker runs, 0 between a failure and its next try.
WORKER_THREAD_UP = Gauge("worker_thread_up", "1 while the part of the worker runs", ["thread"])

# Failures of a part, each followed by another try.
WORKER_RESTARTS = Counter("worker_restarts", "Restarts of a part of the worker", ["thread"])
