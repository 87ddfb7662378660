"""The bare round trip through a broker: one record sent, one record polled. The baseline of every latency."""

from __future__ import annotations

import sys
import threading
import time

from kafka import TopicPartition

from tests.support.kafka_clients import KafkaClients


def hops(clients: KafkaClients, topic: str, count: int) -> list[float]:
    """Milliseconds from send() to poll() of single records, sorted."""
    producer = clients.producer()
    consumer = clients.consumer(fetch_max_wait_ms=500)
    consumer.assign([TopicPartition(topic, 0)])
    consumer.seek_to_end()
    consumer.position(TopicPartition(topic, 0))
    took: list[float] = []
    arrived = threading.Event()
    ready = threading.Event()

    def read() -> None:
        while len(took) < count:
            for batch in consumer.poll(timeout_ms=200).values():
                took.extend((time.perf_counter() - float(record.value)) * 1000 for record in batch)
                arrived.set()
            ready.set()

    reader = threading.Thread(target=read)
    reader.start()
    ready.wait(10)
    for _ in range(count):
        arrived.clear()
        producer.send(topic, repr(time.perf_counter()).encode())
        if not arrived.wait(10):
            sys.exit("a record did not arrive within 10 s")
    reader.join()
    return sorted(took)
