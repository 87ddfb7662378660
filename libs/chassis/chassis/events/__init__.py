"""Events between services: their encoding, the outbox inside an aggregate and the relay that publishes it."""
