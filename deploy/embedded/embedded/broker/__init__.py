"""A single-node broker that speaks Kafka's protocol, for evaluation, tests and small sites.

Its packages: `protocol` (wire codecs), `log` (records on disk), `metadata` (topics, and the journal of all
other durable state), `groups`, `transactions`, `admin` (requests of administrators), `server` (connections,
limits, produce and fetch). `broker.py` is the only place that wires them.
"""
