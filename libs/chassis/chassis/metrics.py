"""Every metric of the chassis, declared once with what it tells and never anywhere else. Label values come from
closed sets (route templates, topics, outcomes): no ids, no people.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

# --- web -------------------------------------------------------------------------------------------------------

# Seconds from the first line of the application to its answer; route is the template, "unmatched" without one.
HTTP_REQUEST_SECONDS = Histogram(
    "http_request_seconds",
    "Time to answer an HTTP request",
    ["method", "route", "status"],
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)

# Answers with a problem, by its stable code: tells a wave of version conflicts from one of broken clients.
HTTP_PROBLEMS = Counter("http_problems", "Problem details answered, by code", ["code"])

# Bearer tokens refused, by reason: a rise after a key rotation means that the key set cannot be fetched.
TOKENS_REFUSED = Counter("tokens_refused", "Access tokens refused, by reason", ["reason"])

# Fetches of the issuer's key set, by outcome: ok | failed.
KEY_SET_FETCHES = Counter("key_set_fetches", "Fetches of the issuer's keys, by outcome", ["outcome"])

# 1 while the process takes new requests, 0 once it was told to stop.
ACCEPTING_REQUESTS = Gauge("accepting_requests", "1 while new requests are taken, 0 while stopping")

# --- messaging -------------------------------------------------------------------------------------------------
