"""Describes the settings of topics and of the broker, and changes those of topics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any

from embedded.broker.log.flush import Flusher
from embedded.broker.metadata.configs import TOPIC_CONFIGS, ConfigType, check_config
from embedded.broker.metadata.topics import Topic, Topics
from embedded.broker.protocol.codec import Api, Client, Fields, Request
from embedded.broker.protocol.errors import BrokerError, ErrorCode

_SOURCE_TOPIC = 1
_SOURCE_STATIC_BROKER = 4
_SOURCE_DEFAULT = 5


class ResourceType(IntEnum):
    TOPIC = 2
    BROKER = 4


class Operation(IntEnum):
    """What IncrementalAlterConfigs does to one setting."""

    SET = 0
    DELETE = 1
    APPEND = 2
    SUBTRACT = 3


class ConfigApis:
    """broker_configs: the broker's own settings as shown to clients; only a restart can change them."""

    def __init__(self, topics: Topics, flusher: Flusher, broker_configs: Mapping[str, str]) -> None:
        self._topics = topics
        self._flusher = flusher
        self._broker_configs = broker_configs

    def apis(self) -> list[Api]:
        return [
            Api("DescribeConfigs", (1, 4), self.describe),
            Api("AlterConfigs", (0, 2), self.replace),
            Api("IncrementalAlterConfigs", (0, 1), self.change),
        ]

    # ---- showing

    async def describe(self, request: Request, client: Client) -> Fields:
        return {"results": [self._describe(resource) for resource in request.resources]}

    def _describe(self, resource: Any) -> Fields:
        result: Fields = {
            "error_code": ErrorCode.NONE,
            "error_message": None,
            "resource_type": resource.resource_type,
            "resource_name": resource.resource_name,
            "configs": [],
        }
        try:
            configs = self._configs_of(resource)
        except BrokerError as error:
            return {**result, "error_code": error.code, "error_message": error.message}
        wanted = resource.configuration_keys
        result["configs"] = [
            config for config in configs if wanted is None or not wanted or config["name"] in wanted
        ]
        return result

    def _configs_of(self, resource: Any) -> list[Fields]:
        if resource.resource_type == ResourceType.BROKER:
            return [
                _config(name, value, _SOURCE_STATIC_BROKER, ConfigType.STRING, read_only=True)
                for name, value in self._broker_configs.items()
            ]
        topic = self._topic(resource)
        return [
            _config(
                name,
                value,
                _SOURCE_TOPIC if name in topic.configs else _SOURCE_DEFAULT,
                TOPIC_CONFIGS[name].type,
                read_only=False,
            )
            for name, value in self._topics.defaults.with_own(topic.configs).items()
        ]

    def _topic(self, resource: Any) -> Topic:
        if resource.resource_type != ResourceType.TOPIC:
            raise BrokerError(ErrorCode.INVALID_REQUEST, "only topics and the broker have settings here")
        topic = self._topics.get(resource.resource_name)
        if topic is None:
            raise BrokerError(
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"there is no topic {resource.resource_name}"
            )
        return topic

    # ---- changing

    async def replace(self, request: Request, client: Client) -> Fields:
        """AlterConfigs: the given settings replace all of the topic's own settings."""
        return await self._alter(request, _replaced)

    async def change(self, request: Request, client: Client) -> Fields:
        """IncrementalAlterConfigs: each given setting is changed by its operation."""
        return await self._alter(request, _changed)

    async def _alter(self, request: Request, configs_after: Callable[[Topic, Any], dict[str, str]]) -> Fields:
        responses = []
        for resource in request.resources:
            error, message = ErrorCode.NONE, None
            try:
                topic = self._topic(resource)
                configs = configs_after(topic, resource)
                if not request.validate_only:
                    self._topics.set_configs(topic, configs)
            except BrokerError as refused:
                error, message = refused.code, refused.message
            responses.append(
                {
                    "error_code": error,
                    "error_message": message,
                    "resource_type": resource.resource_type,
                    "resource_name": resource.resource_name,
                }
            )
        await self._flusher.settle()
        return {"responses": responses}


def _replaced(topic: Topic, resource: Any) -> dict[str, str]:
    return {config.name: check_config(config.name, config.value) for config in resource.configs}


def _changed(topic: Topic, resource: Any) -> dict[str, str]:
    configs = dict(topic.configs)
    for config in resource.configs:
        if config.name not in TOPIC_CONFIGS:
            raise BrokerError(ErrorCode.INVALID_CONFIG, f"Unknown topic config name: {config.name}")
        if config.config_operation == Operation.DELETE:
            configs.pop(config.name, None)
            continue
        value = config.value
        if config.config_operation in (Operation.APPEND, Operation.SUBTRACT):
            value = _list_after(config, configs.get(config.name, TOPIC_CONFIGS[config.name].default))
        configs[config.name] = check_config(config.name, value)
    return configs


def _list_after(config: Any, present: str) -> str:
    if TOPIC_CONFIGS[config.name].type is not ConfigType.LIST:
        raise BrokerError(ErrorCode.INVALID_CONFIG, f"{config.name} is not a list")
    given = (config.value or "").split(",")
    if config.config_operation == Operation.APPEND:
        return ",".join(dict.fromkeys([*present.split(","), *given]))
    return ",".join(item for item in present.split(",") if item not in given)


def _config(name: str, value: str, source: int, config_type: ConfigType, read_only: bool) -> Fields:
    return {
        "name": name,
        "value": value,
        "read_only": read_only,
        "config_source": source,
        "is_sensitive": False,
        "synonyms": [],
        "config_type": config_type,
        "documentation": None,
    }
