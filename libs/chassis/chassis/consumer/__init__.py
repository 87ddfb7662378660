"""The consumer runtime: batches from Kafka to a handler, error classes, dead letters."""
