"""Kafka's wire protocol: requests in, responses out, error codes. It knows no topic and no group."""
