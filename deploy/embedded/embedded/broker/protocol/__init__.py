"""Kafka's wire protocol: requests, responses, error codes. It knows nothing about topics and groups."""
