"""Prints what the embedded broker moves on this machine: records in and out, latency of one hop, memory.

A measurement for people, not a test: run it with `python -m tests.load.broker_throughput` on a quiet machine.
Figures depend on the client as much as on the broker: kafka-python is the client here, one process each way.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import kafka
import psutil
from kafka import TopicPartition

from tests.load.bench.hops import hops
from tests.support.kafka_clients import KafkaClients
from tests.support.kafka_servers import EmbeddedBroker

RECORD = b"x" * 1000


def produce(clients: KafkaClients, topic: str, count: int) -> float:
    """Records per second in, acknowledged, in batches."""
    producer = clients.producer(linger_ms=5, batch_size=64 * 1024, delivery_timeout_ms=120000)
    began = time.perf_counter()
    last = None
    for _ in range(count):
        last = producer.send(topic, RECORD)
    producer.flush(120)
    if last is None or not last.succeeded():
        sys.exit("the last record was not acknowledged")
    return count / (time.perf_counter() - began)


def consume(clients: KafkaClients, topic: str, count: int) -> float:
    """Records per second out, from the start of the topic."""
    consumer = clients.consumer(max_poll_records=5000)
    consumer.assign([TopicPartition(topic, 0)])
    consumer.seek_to_beginning()
    seen = 0
    began = time.perf_counter()
    while seen < count:
        seen += sum(len(batch) for batch in consumer.poll(timeout_ms=1000).values())
    return count / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--hops", type=int, default=300)
    parser.add_argument("--fsync", default="interval", choices=["always", "interval", "never"])
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="broker-throughput-"))
    with EmbeddedBroker(directory, "--fsync", options.fsync) as broker:
        process = psutil.Process(broker.pid)
        idle = process.memory_info().rss
        with KafkaClients(broker.bootstrap) as clients:
            topic = clients.topic("load")
            rate_in = produce(clients, topic, options.records)
            cpu_in = process.cpu_times().user
            rates_out = [consume(clients, topic, options.records) for _ in range(3)]
            latencies = hops(clients, clients.topic("hops"), options.hops)
        memory = process.memory_info()
    p50, p99 = latencies[len(latencies) // 2], latencies[int(len(latencies) * 0.99)]
    versions = f"python {sys.version.split()[0]}, kafka-python {kafka.__version__}"
    sys.stdout.write(
        f"{versions}, load average {os.getloadavg()[0]:.1f}, fsync {options.fsync}\n"
        f"in:  {rate_in:9,.0f} records/s of 1 kB; broker CPU {cpu_in / options.records * 1e6:.1f} us/record\n"
        f"out: {statistics.median(rates_out):9,.0f} records/s of 1 kB (median of 3)\n"
        f"hop: p50 {p50:.1f} ms, p99 {p99:.1f} ms\n"
        f"memory: {idle / 2**20:.0f} MiB after the start, {memory.rss / 2**20:.0f} MiB after the load\n"
    )


if __name__ == "__main__":
    main()
