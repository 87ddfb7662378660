"""A single-node broker that speaks Kafka's protocol, for evaluation, tests and small sites.

Its rooms: `protocol` (wire codecs), `log` (records on disk), `metadata` (topics and the journal of everything
else that must survive), `groups`, `transactions`, `admin` (what is asked about and changed), `server`
(connections, limits, produce and fetch). `broker.py` is the only place that wires them.
"""
