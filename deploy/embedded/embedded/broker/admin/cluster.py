"""The broker as clients see it: one node that leads every partition and coordinates every group."""

from __future__ import annotations

import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator

from embedded.broker.metadata.journal import Fact, Journal
from embedded.broker.metadata.topics import Topic, Topics
from embedded.broker.protocol.codec import Api, Client, Fields, Request
from embedded.broker.protocol.errors import BrokerError, ErrorCode
from embedded.broker.settings import Address

SECTION = "cluster"
NODE_ID = 1
_LEADER_EPOCH = 0
_BROKERS = 1  # the endpoint type of DescribeCluster


class ClusterId:
    """Created once, at the first start of a data directory."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._value = ""

    @property
    def value(self) -> str:
        return self._value

    def make(self) -> None:
        """Give the data directory its id, the first fact of its journal."""
        self._value = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        self._journal.record(SECTION, [self._value])

    def restore(self, fact: Fact) -> None:
        (self._value,) = fact

    def facts(self) -> Iterator[Fact]:
        if self._value:
            yield [self._value]


class ClusterApis:
    """address: sent to clients as the broker's address. spoken: every API that the broker answers."""

    def __init__(
        self,
        address: Address,
        cluster_id: ClusterId,
        topics: Topics,
        default_partitions: int,
        auto_create_topics: bool,
        spoken: Callable[[], list[Api]],
    ) -> None:
        self._address = address
        self._cluster_id = cluster_id
        self._topics = topics
        self._default_partitions = default_partitions
        self._auto_create_topics = auto_create_topics
        self._spoken = spoken

    def apis(self) -> list[Api]:
        return [
            Api("ApiVersions", (0, 3), self.versions),
            Api("Metadata", (1, 9), self.metadata),
            Api("DescribeCluster", (0, 1), self.describe),
            Api("FindCoordinator", (0, 4), self.find_coordinator),
        ]

    async def versions(self, request: Request, client: Client) -> Fields:
        return self.spoken_versions(ErrorCode.NONE)

    def spoken_versions(self, error: ErrorCode) -> Fields:
        return {
            "error_code": error,
            "api_keys": [
                {"api_key": api.key, "min_version": api.min_version, "max_version": api.max_version}
                for api in sorted(self._spoken(), key=lambda api: api.key)
            ],
        }

    async def metadata(self, request: Request, client: Client) -> Fields:
        if request.topics is None:
            topics = [_described(topic) for topic in self._topics]
        else:
            may_create = self._auto_create_topics and (
                request.version < 4 or request.allow_auto_topic_creation
            )
            topics = [self._topic(topic.name, may_create) for topic in request.topics]
        return {
            "brokers": [{"node_id": NODE_ID, **self._endpoint(), "rack": None}],
            "cluster_id": self._cluster_id.value,
            "controller_id": NODE_ID,
            "topics": topics,
        }

    def _topic(self, name: str, may_create: bool) -> Fields:
        topic = self._topics.get(name)
        error = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        if topic is None:
            try:
                self._topics.check_new(name, self._default_partitions)
                if may_create:
                    topic = self._topics.create(name, self._default_partitions, {})
            except BrokerError as refused:
                error = refused.code
        if topic is None:
            return {"error_code": error, "name": name, "is_internal": False, "partitions": []}
        return _described(topic)

    def _endpoint(self) -> Fields:
        return {"host": self._address.host, "port": self._address.port}

    async def describe(self, request: Request, client: Client) -> Fields:
        return {
            "error_code": ErrorCode.NONE,
            "error_message": None,
            "endpoint_type": _BROKERS,
            "cluster_id": self._cluster_id.value,
            "controller_id": NODE_ID,
            "brokers": [{"broker_id": NODE_ID, **self._endpoint(), "rack": None}],
        }

    async def find_coordinator(self, request: Request, client: Client) -> Fields:
        found = {"node_id": NODE_ID, **self._endpoint(), "error_code": ErrorCode.NONE, "error_message": None}
        if request.version < 4:
            return found
        return {"coordinators": [{"key": key, **found} for key in request.coordinator_keys]}


def _described(topic: Topic) -> Fields:
    return {
        "error_code": ErrorCode.NONE,
        "name": topic.name,
        "is_internal": False,
        "partitions": [
            {
                "error_code": ErrorCode.NONE,
                "partition_index": index,
                "leader_id": NODE_ID,
                "leader_epoch": _LEADER_EPOCH,
                "replica_nodes": [NODE_ID],
                "isr_nodes": [NODE_ID],
                "offline_replicas": [],
            }
            for index in range(topic.partition_count)
        ],
    }
